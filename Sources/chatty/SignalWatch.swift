import Dispatch
import Foundation
import NIOConcurrencyHelpers

/// SIGINT, SIGTERM and SIGHUP as values instead of a sudden end, for a command that has something to put in order first. One that was
/// ignored from the start stays so: nohup(1) starts with SIGHUP ignored, and a shell without job control what it runs in the background
/// with SIGINT (POSIX, Shell Command Language, 2.11), which is meant for what runs in the foreground.
final class SignalWatch: @unchecked Sendable {
    // `@unchecked`: the sources are only made and cancelled here, which Dispatch allows from any thread.

    /// The numbers, as they come.
    let signals: AsyncStream<Int32>
    private let latest: NIOLockedValueBox<Int32?>
    private let sources: [any DispatchSourceSignal]

    init() {
        let (stream, continuation) = AsyncStream.makeStream(of: Int32.self)
        signals = stream
        let latest = NIOLockedValueBox(Int32?.none)
        self.latest = latest
        sources = [SIGINT, SIGTERM, SIGHUP].filter { !Self.isIgnored($0) }.map { number in
            Self.source(of: number) {
                latest.withLockedValue { $0 = number }
                continuation.yield(number)
            }
        }
    }

    /// From when it returns the signal leads to a call of `body`, and to nothing else, until the source is cancelled; one that came before has had its
    /// usual effect. None falls in between: Dispatch catches it by a handler of its own, which is there when the registration is told of. To have it
    /// ignored first, as on other systems, would lose what comes until then.
    static func source(of number: Int32, _ body: @escaping @Sendable () -> Void) -> any DispatchSourceSignal {
        let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
        let isRegistered = DispatchSemaphore(value: 0)
        source.setRegistrationHandler { isRegistered.signal() }
        source.setEventHandler(handler: body)
        source.resume()
        isRegistered.wait()
        return source
    }

    deinit { for source in sources { source.cancel() } }

    /// The status to end with, once one has come: for who cannot wait for it.
    var status: ExitStatus? { latest.withLockedValue(\.self).map(Self.status) }

    static func status(of number: Int32) -> ExitStatus {
        switch number {
        case SIGTERM: .endedByTerminate
        case SIGHUP: .endedByHangUp
        default: .endedByInterrupt
        }
    }

    /// Whether nothing happens when it comes.
    static func isIgnored(_ number: Int32) -> Bool {
        var action = sigaction()
        return sigaction(number, nil, &action) == 0
            && unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
    }
}
