/// What a connection records in its trace.
extension TransferConnection {
    /// Records how the connection begins: what the sides have agreed on, and the path.
    func traceStart(at now: TransferInstant) {
        guard let trace else { return }
        trace.parameters(
            isLocal: true, configuration, idleTimeout: configuration.idleTimeout, datagram: configuration.maximumDatagramSize, at: now)
        trace.parameters(isLocal: false, nil, idleTimeout: peerIdleTimeout, datagram: path.mtu.peerMaximum, at: now)
        trace.assigned(path, at: now)
    }

    /// Records what has changed of the path's figures.
    @inline(__always) func traceUpdate(at now: TransferInstant) {
        guard let trace else { return }
        trace.update(path, limit: role == .sender ? stoppedBy : nil, at: now)
    }
}
