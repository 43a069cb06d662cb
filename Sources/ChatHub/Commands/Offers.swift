import ChatProtocol
import ChatStore

// Signals between two clients about a file that one of them offers.
//
// An offer lasts as long as the session that made it. A client that reconnects renews it. Any session of the other account may accept it,
// and the first to do so has it. `OfferTests` checks these rules.

extension Hub {
    mutating func relay(_ request: Request, to name: String, _ signal: TransferSignal) {
        switch resolve(name, for: request) {
        case .asked: return
        case .absent: fail(request, .noSuchUser(name))
        case .found(let target): relay(request, to: target, signal)
        }
    }

    private mutating func relay(_ request: Request, to target: Account, _ signal: TransferSignal) {
        let made = OfferBook.Key(from: request.account.id, to: target.id, id: signal.id)
        let got = OfferBook.Key(from: target.id, to: request.account.id, id: signal.id)
        if signal.verb == .cancel { offers[made] = nil }
        guard let recipients = sessionsOfAccount[target.id] else { return fail(request, .notActive(target.name.text)) }
        let gone = Reply.offerGone(target.name.text)
        switch signal.verb {
        case .relay:
            return grantRelay(request, made, got, to: target, signal)
        case .offer:
            offers[made] = OfferBook.Offer(session: request.session, informed: Set(recipients))
        case .renew:
            return renew(request, made, to: target, recipients, signal)
        case .refuse:
            return refuse(request, got, to: target, recipients, signal)
        case .accept:
            guard let state = offers[got]?.state, state == .open || state == .taken(by: request.session) else { return fail(request, gone) }
            offers[got]?.state = .taken(by: request.session)
            // A repeated answer is one answer.
            guard state == .open else { return succeed(request, [.reply(.signalSent(to: target.name.text))]) }
        case .decline:
            // A restarted server does not know the offer; the client that made it does.
            guard offers[got].map({ $0.state == .open }) ?? true else { return fail(request, gone) }
            offers[got]?.state = .settled
        case .cancel:
            offers[got]?.state = .settled
        case .update:
            guard offers[made] != nil || stands(got, for: request.session) else { return fail(request, gone) }
        }
        succeed(request, [.reply(.signalSent(to: target.name.text))])
        // The sender's own other sessions see that the offer is settled.
        let own = target.id == request.account.id ? [] : sessionsOfAccount[request.account.id] ?? []
        pass(signal, from: request.account, to: target, (recipients + own).filter { $0 != request.session })
    }

    private mutating func renew(
        _ request: Request, _ key: OfferBook.Key, to target: Account, _ recipients: [SessionID], _ signal: TransferSignal
    ) {
        var offer = offers[key] ?? OfferBook.Offer(session: request.session)
        guard offer.state == .open else { return fail(request, .offerGone(target.name.text)) }
        offer.session = request.session
        let news = recipients.filter { !offer.informed.contains($0) && $0 != request.session }
        offer.informed = Set(recipients)
        // The session that could have accepted has left.
        let isRefused = !offer.refusing.isDisjoint(with: recipients) && !canTake(offer, recipients)
        if isRefused { offer.state = .settled }
        offers[key] = offer
        succeed(request, [.reply(.signalSent(to: target.name.text))])
        if isRefused {
            pass(signal.asDecline, from: target, to: request.account, [request.session])
        } else {
            pass(signal.asOffer, from: request.account, to: target, news)
        }
    }

    /// One session refuses the file. The offer is declined once no other session can accept it.
    private mutating func refuse(
        _ request: Request, _ key: OfferBook.Key, to target: Account, _ recipients: [SessionID], _ signal: TransferSignal
    ) {
        guard var offer = offers[key], offer.state == .open else { return fail(request, .offerGone(target.name.text)) }
        let own = sessionsOfAccount[request.account.id] ?? []
        offer.refusing = offer.refusing.intersection(own).union([request.session])
        let isLast = !canTake(offer, own)
        if isLast { offer.state = .settled }
        offers[key] = offer
        succeed(request, [.reply(.signalSent(to: target.name.text))])
        if isLast { pass(signal.asDecline, from: request.account, to: target, recipients.filter { $0 != request.session }) }
    }

    /// Grants a relay to a session that has made or accepted an offer, once it is accepted.
    private mutating func grantRelay(
        _ request: Request, _ made: OfferBook.Key, _ got: OfferBook.Key, to target: Account, _ signal: TransferSignal
    ) {
        let isOffering: Bool
        let sessions: [SessionID]
        if let offer = offers[made], offer.session == request.session, case .taken(let taker) = offer.state {
            (isOffering, sessions) = (true, [request.session, taker])
        } else if let offer = offers[got], offer.state == .taken(by: request.session) {
            (isOffering, sessions) = (false, [offer.session, request.session])
        } else {
            return fail(request, .offerGone(target.name.text))
        }
        guard configuration.relaysFiles else { return fail(request, .noRelay) }
        succeed(request, [.reply(.signalSent(to: target.name.text))])
        actions.append(
            .grantRelay(
                RelayRequest(
                    session: request.session, isOffering: isOffering, sessions: sessions,
                    account: isOffering ? request.account.id : target.id, id: signal.id, user: request.account.name.text,
                    peer: target.name.text)))
    }

    private func canTake(_ offer: OfferBook.Offer, _ recipients: [SessionID]) -> Bool {
        recipients.contains { sessions[$0]?.takesFiles == true && !offer.refusing.contains($0) }
    }

    /// Whether an offer is still there for a session of the account that it was made to.
    private func stands(_ key: OfferBook.Key, for session: SessionID) -> Bool {
        switch offers[key]?.state {
        case .open?: true
        // A client that accepted and reconnected has another session.
        case .taken(let taker)?: taker == session || sessions[taker]?.isClosing != false
        case .settled?, nil: false
        }
    }

    private mutating func pass(_ signal: TransferSignal, from sender: Account, to target: Account, _ recipients: [SessionID]) {
        if !recipients.isEmpty { actions.append(.deliver(recipients, .signal(from: sender.name.text, to: target.name.text, signal))) }
    }
}
