import Dispatch
import Foundation

/// SIGINT and SIGTERM as values instead of a sudden end, for a command that has something to put in order first.
final class SignalWatch: @unchecked Sendable {
    // `@unchecked`: the sources are only made and cancelled here, which Dispatch allows from any thread.

    /// The numbers, as they come.
    let signals: AsyncStream<Int32>
    private let sources: [any DispatchSourceSignal]

    init() {
        let (stream, continuation) = AsyncStream.makeStream(of: Int32.self)
        signals = stream
        sources = [SIGINT, SIGTERM].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler { continuation.yield(number) }
            source.resume()
            return source
        }
    }

    deinit { for source in sources { source.cancel() } }

    static func status(of number: Int32) -> ExitStatus { number == SIGTERM ? .endedByTerminate : .endedByInterrupt }
}
