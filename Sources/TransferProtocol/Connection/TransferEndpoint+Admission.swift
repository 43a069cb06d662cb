import Connectivity

/// Admission control: strangers that open connections and do not use them must not keep out others. Held by `AdmissionTests`.
extension TransferEndpoint {
    private var halfOpen: [TransferConnection] { byInitiator.values.filter(\.isHalfOpen) }

    /// Whether a hello from `address` must carry a cookie, which proves that the address is not spoofed.
    func demandsCookie(of address: NetworkAddress) -> Bool {
        guard byInitiator.count < configuration.halfOpenBeforeCookie else { return true }
        return halfOpen.count { $0.peerAddress.isSameHost(as: address) } >= configuration.halfOpenPerHost / 2
    }

    /// Evicts the oldest half-open handshake: of the host if it has its share, of all if there are too many.
    func makeRoomForHandshake(from address: NetworkAddress) {
        let all = halfOpen
        let ofHost = all.filter { $0.peerAddress.isSameHost(as: address) }
        if ofHost.count >= configuration.halfOpenPerHost {
            ofHost.oldest?.phase = .closed
        } else if all.count >= configuration.halfOpenConnections {
            all.oldest?.phase = .closed
        }
    }

    /// Evicts one connection if `newcomer`, which has just been proven, is one too many. Connections without an accepted file go first,
    /// those without any offer before the others, older before newer. If there is none, the newcomer itself goes.
    func makePlace(for newcomer: TransferConnection) {
        let all = all.filter { $0.role == .receiver && $0.phase == .established }
        let ofHost = all.filter { $0.peerAddress.isSameHost(as: newcomer.peerAddress) }
        let crowd: [TransferConnection]
        if ofHost.count > configuration.connectionsPerHost {
            crowd = ofHost
        } else if all.count > configuration.maximumConnections {
            crowd = all
        } else {
            return
        }
        let idle = crowd.filter { $0 !== newcomer && !$0.records.hasBegun }
        let leaving = idle.filter(\.incoming.isEmpty).oldest ?? idle.oldest ?? newcomer
        leaving.close(.goingAway, "there are too many connections")
    }
}

extension TransferConnection {
    /// Whether this is a responder that waits for the proof of the initiator.
    var isHalfOpen: Bool { role == .receiver && phase == .handshaking }
}

extension [TransferConnection] {
    fileprivate var oldest: TransferConnection? { self.min { $0.handle < $1.handle } }
}
