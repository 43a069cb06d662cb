/// Who is let in where many come: strangers that open connections and do nothing with them must not keep out somebody who would.
/// Held by `AdmissionTests`.
extension TransferEndpoint {
    private var halfOpen: [TransferConnection] { byInitiator.values.filter(\.isHalfOpen) }

    /// Whether a hello from `address` has to show first that somebody is there.
    func demandsCookie(of address: NetworkAddress) -> Bool {
        guard byInitiator.count < configuration.halfOpenBeforeCookie else { return true }
        return halfOpen.count { $0.peerAddress.isSameHost(as: address) } >= configuration.halfOpenPerHost / 2
    }

    /// The oldest handshake gives way: of the host, where that has its share, else of all.
    func makeRoomForHandshake(from address: NetworkAddress) {
        let all = halfOpen
        let ofHost = all.filter { $0.peerAddress.isSameHost(as: address) }
        if ofHost.count >= configuration.halfOpenPerHost {
            ofHost.oldest?.phase = .closed
        } else if all.count >= configuration.halfOpenConnections {
            all.oldest?.phase = .closed
        }
    }

    /// `newcomer` has just proven itself: where that is one too many, one of which nothing was taken leaves, those that offered nothing
    /// before the others and the oldest before the newer; the newcomer itself where all others are at work.
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
    /// A responder that awaits the proof of the initiator.
    var isHalfOpen: Bool { role == .receiver && phase == .handshaking }
}

extension [TransferConnection] {
    fileprivate var oldest: TransferConnection? { self.min { $0.handle < $1.handle } }
}
