import Connectivity
import NIOConcurrencyHelpers
import NetworkIO
import SystemSupport

/// Has this machine's router pass on what comes to a UDP port from outside, for as long as it runs: the router is asked by PCP, NAT-PMP and
/// UPnP, on a thread of its own.
///
/// Only a router behind which this machine has a private IPv4 address is asked, and one for IPv6, which may be a firewall. A machine without
/// such a router sends nothing, and nobody waits for anything. All methods may be called from any thread or task.
public final class PortMapper: Sendable {
    private struct State {
        var mapped: [NetworkAddress] = []
        var isSettled = false
        /// Ends when the router has answered, or will not.
        var waiters: [AsyncStream<Never>.Continuation] = []
        var changes: [AsyncStream<[NetworkAddress]>.Continuation] = []
        var isOver = false
        var enders: [CheckedContinuation<Void, Never>] = []
    }

    private let mailbox: PolledMailbox<PortMapperCore.Command>
    private let state = NIOLockedValueBox(State())

    /// Starts asking.
    /// - Throws: if the system has no descriptor or thread left.
    public convenience init(port: UInt16) throws(SystemError) {
        // Without it, a mapping is of the network in which the program was started.
        try self.init(port: port, routers: PortMapperCore.routers(), routes: try? RouteWatch())
    }

    /// - Parameter routes: tells when the routers may have become others; nil for never.
    init(port: UInt16, routers: [PortMapperCore.Router], routes: sending RouteWatch?) throws(SystemError) {
        mailbox = try PolledMailbox()
        let state = state
        let core = PortMapperCore(port: port, routers: routers, routes: routes, mailbox: mailbox) { mapped, isSettled in
            Self.note(state, mapped, isSettled)
        }
        state.withLockedValue { $0.isSettled = core.isSettled }
        try BackgroundThread.start(name: "chatty-mapping", core) {
            $0.run()
            let (waiters, changes, enders) = state.withLockedValue { state in
                state.isOver = true
                state.isSettled = true
                defer { (state.waiters, state.changes, state.enders) = ([], [], []) }
                return (state.waiters, state.changes, state.enders)
            }
            for waiter in waiters { waiter.finish() }
            for change in changes { change.finish() }
            for ender in enders { ender.resume() }
        }
    }

    private static func note(_ state: NIOLockedValueBox<State>, _ mapped: [NetworkAddress], _ isSettled: Bool) {
        let (changes, waiters) = state.withLockedValue { state in
            let changes = state.mapped == mapped ? [] : state.changes
            state.mapped = mapped
            state.isSettled = isSettled
            defer { if isSettled { state.waiters = [] } }
            return (changes, isSettled ? state.waiters : [])
        }
        for change in changes { change.yield(mapped) }
        for waiter in waiters { waiter.finish() }
    }

    /// The addresses of the router at which others reach the port.
    public var mapped: [NetworkAddress] { state.withLockedValue { $0.mapped } }

    /// ``mapped`` once the router has answered, or as soon as it is known that it will not, or when the time is over.
    public func mapped(within time: Duration) async -> [NetworkAddress] {
        let (settled, waiter) = AsyncStream.makeStream(of: Never.self)
        let waits = state.withLockedValue { state in
            if !state.isSettled { state.waiters.append(waiter) }
            return !state.isSettled
        }
        guard waits else { return mapped }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { for await _ in settled {} }
            group.addTask { try? await Task.sleep(for: time) }
            await group.next()
            group.cancelAll()
        }
        return mapped
    }

    /// Each change of ``mapped`` from now on.
    public func changes() -> AsyncStream<[NetworkAddress]> {
        let (stream, continuation) = AsyncStream.makeStream(of: [NetworkAddress].self, bufferingPolicy: .bufferingNewest(1))
        let isOver = state.withLockedValue { state in
            if !state.isOver { state.changes.append(continuation) }
            return state.isOver
        }
        if isOver { continuation.finish() }
        return stream
    }

    /// Gives the port back to the router, and ends; takes a second at most, and no time without a mapping.
    public func stop() async {
        mailbox.post { $0.release() }
        await withCheckedContinuation { waiter in
            let isOver = state.withLockedValue { state in
                if !state.isOver { state.enders.append(waiter) }
                return state.isOver
            }
            if isOver { waiter.resume() }
        }
    }
}
