import Connectivity
import Foundation
import NetworkIO
import TransferIO
import TransferProtocol

extension HostPort {
    /// Like `resolve`, but does not wait for a silent resolver: throws `CancellationError` as soon as the task is cancelled.
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
