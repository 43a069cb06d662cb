import ChatHub
import ChatStore
import Foundation
import NIOCore

/// The contents of `/metrics` and `/healthz`.
struct MetricsPage: Sendable {
    let metrics: Metrics
    let workers: [LoopWorker]
    private let process: @Sendable () -> ProcessFigures
    private let start = Date()
    /// Figures of the process take long to read where there are many descriptors, so they are read on this queue.
    private let queue = DispatchQueue(label: "chatty.metrics")

    init(_ metrics: Metrics, _ workers: [LoopWorker], process: @escaping @Sendable () -> ProcessFigures = { ProcessFigures() }) {
        self.metrics = metrics
        self.workers = workers
        self.process = process
    }

    /// Why the store fails; nil while it works.
    var failure: String? { metrics.current.failure }

    /// The page of `/metrics`. Connections are counted on their own event loops; the rest is done on ``queue``.
    func text(on eventLoop: any EventLoop) -> EventLoopFuture<String> {
        EventLoopFuture.reduce(ConnectionCensus(), workers.map { $0.census() }, on: eventLoop, +).flatMap { census in
            queue.asyncWithFuture(eventLoop: eventLoop) { render(census) }
        }
    }

    private func render(_ census: ConnectionCensus) -> String {
        let figures = metrics.current
        var page = PrometheusText()
        page.add(
            "chatty_connections", .gauge, "Open connections by protocol and encryption.",
            ConnectionKind.all.map { kind in
                ([("way", kind.way.rawValue), ("tls", String(kind.isEncrypted))], Double(census.kinds[kind] ?? 0))
            })
        page.add("chatty_connections_total", .counter, "Connections accepted.", Double(figures.hub.connections))
        page.add("chatty_active_accounts", .gauge, "Accounts with a session.", Double(figures.activeAccounts))
        page.add("chatty_logins_total", .counter, "Successful log-ins.", Double(figures.hub.logIns))
        page.add("chatty_failed_logins_total", .counter, "Failed log-ins.", Double(figures.hub.failedLogIns))
        page.add("chatty_lockouts_total", .counter, "Times that a name was blocked.", Double(figures.hub.lockOuts))
        page.add(
            "chatty_sendq_exceeded_total", .counter, "Sessions closed because their client read too slowly.",
            Double(figures.hub.sendQueueOverflows))
        page.add("chatty_messages_total", .counter, "Messages stored and acknowledged.", Double(figures.hub.messages))
        page.add("chatty_deliveries_total", .counter, "Messages delivered to sessions of other users.", Double(figures.hub.deliveries))
        page.add(
            "chatty_queue_depth", .gauge, "Work items that wait for a thread of the server.",
            metrics.depths.map { ([("queue", $0.queue)], Double($0.depth)) })
        page.add("chatty_outbound_queued_bytes", .gauge, "Bytes that wait to be sent to clients.", Double(census.queuedBytes))
        page.add("chatty_commit_seconds", "Time from the start of a transaction until it is on the disk.", figures.commits)
        page.add("chatty_store_writes_total", .counter, "Changes written to the disk.", Double(figures.writes))
        page.add("chatty_store_failed_writes_total", .counter, "Changes that the database refused.", Double(figures.failedWrites))
        page.add("chatty_store_healthy", .gauge, "1 if the last write to the database succeeded, else 0.", figures.failure == nil ? 1 : 0)
        page.add("chatty_stun_answers_total", .counter, "STUN requests answered.", Double(figures.reflexiveAnswers))
        page.add("chatty_relays", .gauge, "Transfers that are relayed.", Double(figures.relay.open))
        page.add("chatty_relay_bytes_total", .counter, "Bytes relayed.", Double(figures.relay.bytes))
        page.add(
            "chatty_relay_dropped_total", .counter, "Datagrams not relayed because of a rate, or because the other side was not there.",
            Double(figures.relay.dropped))
        page.add("chatty_relay_refused_total", .counter, "Transfers that were refused a relay.", Double(figures.relay.refused))
        let process = process()
        page.add("process_cpu_seconds_total", .counter, "Processor time, user and system.", process.processorSeconds)
        page.add("process_resident_memory_bytes", .gauge, "Memory in use.", process.residentBytes)
        page.add("process_open_fds", .gauge, "Open file descriptors.", process.openDescriptors)
        page.add("process_start_time_seconds", .gauge, "When the server was started, since 1970.", start.timeIntervalSince1970)
        return page.text
    }
}
