import ChatProtocol
import DequeModule

/// What senders called their last messages, so that one who asks again, not knowing whether the first time went through, is told of the first message and
/// does not make a second. Bounded: the last ``perAccount`` of each account.
struct SentNonces {
    enum State: Equatable {
        /// Its commit has not been answered yet.
        case onItsWay
        case kept(MessageID, Timestamp)
    }

    private struct Recent {
        var states: [String: State] = [:]
        var order: Deque<String> = []
    }

    /// More than any client sends between losing a connection and asking again.
    static let perAccount = 256

    private var accounts: [AccountID: Recent] = [:]

    init(_ sent: [HubState.Sent]) {
        for row in sent {
            note(row.nonce, of: row.account)
            settle(row.nonce, of: row.account, (row.message, row.time))
        }
    }

    func find(_ nonce: String, of account: AccountID) -> State? { accounts[account]?.states[nonce] }

    mutating func note(_ nonce: String, of account: AccountID) {
        var recent = accounts.removeValue(forKey: account) ?? Recent()
        if recent.states.updateValue(.onItsWay, forKey: nonce) == nil { recent.order.append(nonce) }
        while recent.order.count > SentNonces.perAccount, let oldest = recent.order.popFirst() { recent.states[oldest] = nil }
        accounts[account] = recent
    }

    /// - Parameter kept: nil where it was not kept: it may be sent again.
    mutating func settle(_ nonce: String, of account: AccountID, _ kept: (id: MessageID, time: Timestamp)?) {
        guard accounts[account]?.states[nonce] != nil else { return }
        if let kept {
            accounts[account]?.states[nonce] = .kept(kept.id, kept.time)
        } else {
            accounts[account]?.states[nonce] = nil
            accounts[account]?.order.removeAll { $0 == nonce }
        }
    }
}
