import Dispatch
import Foundation
import NIOConcurrencyHelpers

/// Delivers SIGINT, SIGTERM and SIGHUP as values, for a command that has to clean up before it ends. A signal that is ignored at the start
/// stays ignored: nohup(1) starts programs with SIGHUP ignored, and a shell without job control starts background programs with SIGINT
/// ignored, which is meant for those in the foreground (POSIX, Shell Command Language, 2.11).
final class SignalWatch: @unchecked Sendable {
    // Unchecked `Sendable`: the sources are only created and cancelled here, which Dispatch allows from any thread.

    /// The signal numbers, in the order of arrival.
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

    /// Creates a source that calls `body` for each signal until it is cancelled. When this function returns, the signal no longer has its
    /// default effect, and none is lost before: Dispatch installs a handler of its own before it reports the registration. Ignoring the
    /// signal first, as on other systems, would lose those that come in between.
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

    /// The exit status for the latest signal, for code that cannot await ``signals``; nil before the first one.
    var status: ExitStatus? { latest.withLockedValue(\.self).map(Self.status) }

    static func status(of number: Int32) -> ExitStatus {
        switch number {
        case SIGTERM: .endedByTerminate
        case SIGHUP: .endedByHangUp
        default: .endedByInterrupt
        }
    }

    /// Whether the signal is ignored.
    static func isIgnored(_ number: Int32) -> Bool {
        var action = sigaction()
        return sigaction(number, nil, &action) == 0
            && unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
    }
}
