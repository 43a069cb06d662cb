import Foundation
import TransferIO
import TransferProtocol

extension HostPort {
    /// As `resolve`, but nobody has to wait for a resolver that is silent: throws `CancellationError` as soon as the task is cancelled.
    func lookUp() async throws -> [NetworkAddress] {
        let (results, giver) = AsyncStream.makeStream(of: Result<[NetworkAddress], any Error>.self)
        Thread {
            giver.yield(Result { try self.resolve() })
            giver.finish()
        }.start()
        for await result in results { return try result.get() }
        throw CancellationError()
    }
}
