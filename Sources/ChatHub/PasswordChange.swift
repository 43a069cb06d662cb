import ChatProtocol

// One's own password, changed by who knows the old one.

extension Hub {
    mutating func changePassword(_ request: Request, old: String, new: String) {
        guard (1...Limits.passwordBytes).contains(new.utf8.count), !new.utf8.contains(where: { $0 == 0 || $0 == 0x0A || $0 == 0x0D }) else {
            return fail(request, .badPassword(limit: Limits.passwordBytes))
        }
        guard !lockOuts.isBlocked(request.account.name.folded, at: request.at) else { return fail(request, .blocked) }
        sessions[request.session]?.isBusy = true
        actions.append(.verify(newTicket(.oldPassword(request, new: new)), account: request.account.id, password: old))
    }

    mutating func finishOldPassword(_ request: Request, new: String, _ verification: Event.Verification, at now: Moment) {
        switch verification {
        case .right:
            return actions.append(.setPassword(newTicket(.newPassword(request)), account: request.account.id, password: new))
        case .wrong:
            // A session left open must not become the place to guess its password.
            let name = request.account.name.folded
            let failure = lockOuts.recordFailure(of: name, at: now)
            if failure.isNowBlocked { statistics.lockOuts += 1 }
            let until = failure.isNowBlocked ? now.wall.adding(milliseconds: Int64(configuration.blockSeconds) * 1000) : nil
            store(.lockOut(name: name, failures: failure.isNowBlocked ? 0 : failure.failures, blockedUntil: until), then: .nothing)
            unblock(request.session)
            fail(request, failure.isNowBlocked ? .nowBlocked(seconds: configuration.blockSeconds) : .invalidCredentials)
        case .expiredToken:
            unblock(request.session)
            fail(request, .invalidCredentials)
        case .busy, .failed:
            unblock(request.session)
            fail(request, .busy)
        }
        drainBacklog(of: request.session)
    }
}
