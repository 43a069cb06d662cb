import ChatHub
import ChatProtocol
import ChatStore
import ChatStoreSQLite
import Foundation
import NIOConcurrencyHelpers
import SystemSupport

/// The thread on which the hub runs. It takes events from the mailbox, passes them to the hub one by one, and hands the hub's actions to
/// the services.
final class HubDriver: @unchecked Sendable {
    /// The objects that carry out actions. Their answers come as events into ``HubDriver/mailbox``.
    struct Services: Sendable {
        let workers: [LoopWorker]
        let engine: any Engine & Sendable
        let verifier: PasswordVerifier
        let log: EventLog
        let metrics: Metrics
        /// Nil if nothing is relayed.
        let relay: RelayGranter?
    }

    let mailbox: Mailbox<HubInput>
    // Unchecked: everything below is touched on the hub's thread only, once that has started.
    private var hub: Hub
    private let services: Services
    private var proposals: [Proposal] = []
    private var lines: [EventLog.Entry] = []
    private var actions: [[Action]]
    private var published: Set<AccountID>?
    private let stopped = DispatchSemaphore(value: 0)
    private let thread = NIOLockedValueBox<JoinableThread?>(nil)
    /// The number of events after which actions are handed on, however many more events wait.
    private static let batch = 2048

    init(_ hub: consuming Hub, _ mailbox: Mailbox<HubInput>, _ services: Services) {
        self.hub = hub
        self.mailbox = mailbox
        self.services = services
        actions = Array(repeating: [], count: services.workers.count)
    }

    /// - Throws: if the system gives no thread.
    func start() throws(SystemError) {
        let thread = try JoinableThread("chatty-hub") { [self] in run() }
        self.thread.withLockedValue { $0 = thread }
    }

    /// Announces the shutdown to all sessions. Returns when every connection is closed or the grace period is over.
    func announceShutdown(within grace: DispatchTimeInterval) {
        mailbox.put(HubInput(.shutDown))
        // The caller closes connections that did not end in time.
        _ = stopped.wait(timeout: .now() + grace)
    }

    /// Handles the waiting events, then ends the thread and returns.
    func stop() {
        mailbox.close()
        thread.withLockedValue(\.self)?.join()
    }

    private func run() {
        var spare: [HubInput] = []
        while let inputs = mailbox.take(reusing: spare) {
            var untilFlush = HubDriver.batch
            for input in inputs {
                hub.handle(input.event, at: input.moment) { carryOut($0, at: input.moment) }
                if case .tick = input.event { publishActive() }
                untilFlush -= 1
                if untilFlush == 0 {
                    distribute()
                    untilFlush = HubDriver.batch
                }
            }
            distribute()
            services.metrics.record(hub.statistics, hub.counts)
            spare = inputs
        }
    }

    private func carryOut(_ action: Action, at moment: EventTime) {
        switch action {
        case .respond(let id, _, _), .close(let id), .pauseReading(let id, _), .wake(let id, _), .awaitDrain(_, let id):
            actions[id.loop].append(action)
        case .deliver(let ids, _): send(action, to: ids)
        case .propose(let requestID, let change): proposals.append(Proposal(requestID, change))
        case .catchUp(let requestID): services.engine.catchUp(requestID)
        case .read(let requestID, let query): services.engine.read(requestID, query)
        case .log(let line): lines.append(EventLog.Entry(line: line, time: moment.wall))
        case .verify(let requestID, let account, let proof, let address):
            services.verifier.verify(requestID, account: account, proof, from: address)
        case .abandon(let requestID): services.verifier.abandon(requestID)
        case .setPassword(let requestID, let account, let password):
            services.verifier.setPassword(requestID, of: account, to: password) { [mailbox] in
                mailbox.put(HubInput(.decided(requestID, .failed)))
            }
        case .makeToken(let requestID):
            let token = ResumeToken()
            mailbox.put(HubInput(.tokenMade(requestID, token: token.text, hash: Array(token.hash), seconds: ResumeToken.seconds)))
        case .grantRelay(let request):
            let seconds = UInt32(clamping: moment.wall.milliseconds / 1000)
            if let signal = services.relay?.signal(request, wallClock: seconds) {
                send(.deliver([request.session], signal), to: [request.session])
            }
        case .stopped: stopped.signal()
        }
    }

    private func publishActive() {
        let active = Set(hub.activeAccounts)
        guard active != published || services.engine.isToPublishAgain else { return }
        published = active
        services.engine.publish(active: active.sorted())
    }

    /// Appends an action to each loop that has one of the sessions. Each loop picks its own sessions.
    private func send(_ action: Action, to ids: [SessionID]) {
        guard actions.count > 1, ids.count > 1 else {
            if let first = ids.first { actions[first.loop].append(action) }
            return
        }
        var loops: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
        for id in ids {
            let bit = UInt64(1) << UInt64(id.loop & 63)
            switch id.loop >> 6 {
            case 0: loops.0 |= bit
            case 1: loops.1 |= bit
            case 2: loops.2 |= bit
            default: loops.3 |= bit
            }
        }
        for (word, bits) in [loops.0, loops.1, loops.2, loops.3].enumerated() {
            var rest = bits
            while rest != 0 {
                actions[word << 6 + rest.trailingZeroBitCount].append(action)
                rest &= rest - 1
            }
        }
    }

    private func distribute() {
        if !proposals.isEmpty {
            services.engine.append(proposals)
            proposals.removeAll(keepingCapacity: true)
        }
        for index in actions.indices where !actions[index].isEmpty {
            services.workers[index].post(actions[index])
            actions[index].removeAll(keepingCapacity: true)
        }
        if !lines.isEmpty {
            services.log.put(lines)
            lines.removeAll(keepingCapacity: true)
        }
    }
}
