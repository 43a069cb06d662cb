import ChatHub
import ChatProtocol

// How IRC clients get the hub's replies: the table below has one row for each of them.

extension IRCCodec {
    /// What stands for a reply where a client does not know standard replies.
    private enum Classic {
        /// A numeric with these parameters between the client's name and the reply's text.
        case numeric(String, [String])
        /// A numeric that has these parameters and not the reply's text.
        case complete(String, [String])
        /// The PART line of the client's own user.
        case part(group: String)
        /// A NOTICE with the reply's text.
        case notice
        /// No line: other lines of the answer say it.
        case silent
    }

    /// The numerics are those of RFC 2812 §5 and of https://modern.ircdocs.horse.
    private static func classic(_ reply: Reply) -> Classic {
        switch reply {
        case .noSuchUser(let name): .numeric("401", [name])
        case .noSuchGroup(let name): .numeric("403", ["#" + name])
        case .badGroupName(let name, _): .numeric("403", [name])
        case .messageTooLong, .lineTooLong: .numeric("417", [])
        case .unknownCommand(let word): .numeric("421", [word])
        case .badUserName(let name, _): .numeric("432", [name])
        case .notMember(let name): .numeric("442", ["#" + name])
        case .alreadyMemberOther(let user, let group): .numeric("443", [user, "#" + group])
        case .notInvited(let name): .numeric("473", ["#" + name])
        case .notPermitted(_, let group): .numeric("482", ["#" + group])
        case .kept(let name), .notActive(let name): .numeric("301", [name])
        case .away(let name, let text): .complete("301", [name, text])
        case .back: .complete("305", ["You are no longer marked as being away"])
        case .nowAway: .complete("306", ["You have been marked as being away"])
        case .invited(let user, let group): .complete("341", [user, "#" + group])
        case .left(let group): .part(group: group)
        // The JOIN line says it; a JOIN of a group that one is in has no answer (RFC 2812 §3.2.1 names none).
        case .joined, .alreadyMember: .silent
        // NAMES has shown who is in the group.
        case .nobodyElse: .silent
        // The ERROR line says it.
        case .goodbye: .silent
        case .invalidCredentials, .nowBlocked, .blocked, .welcome, .tooManySessions, .loginTimedOut, .busy, .loginRequired, .sent,
            .groupCreated, .groupExists, .sentToGroup, .noOtherActive, .activeUser, .group, .noGroups, .member, .awayTooLong, .signalSent,
            .offerGone, .noRelay, .needsClient, .passwordChanged, .passwordReplaced, .badPassword, .resumeToken, .tokenExpired,
            .tooManyTokens,
            .tooManyAttempts, .notUTF8, .forbiddenByte, .tooManyMembers, .tooManyGroups, .tooManyGroupsMade, .flooded, .sendQueueExceeded,
            .storeFailed, .searchTooBroad, .notACommand, .usage, .plaintextRefused, .tooManyConnections, .shuttingDown, .accountGone:
            .notice
        }
    }

    /// Whether clients show the classic form better than a standard reply, which only `chatty connect` gets then: away states of IRC.
    private static func prefersClassic(_ reply: Reply) -> Bool {
        switch reply {
        case .away, .back, .nowAway: true
        default: false
        }
    }

    /// A reply as the client can read it: a standard reply (IRCv3 standard-replies), or its classic form.
    /// - Parameter command: the command that it answers; `*` if it answers none.
    func replies(_ reply: Reply, to command: String) -> [IRCMessage] {
        let isStandard = capabilities.contains(IRCCodec.prefersClassic(reply) ? .chatty : .standardReplies)
        let classic = IRCCodec.classic(reply)
        guard !isStandard else {
            var line = reply.standardReply(to: command)
            line.source = IRCCodec.serverName
            // The line that changes the client's list of channels comes in any case.
            if case .part = classic { return lines(classic, reply) + [IRCCodec.fitted(line)] }
            return [IRCCodec.fitted(line)]
        }
        return lines(classic, reply)
    }

    private func lines(_ classic: Classic, _ about: Reply) -> [IRCMessage] {
        switch classic {
        case .numeric(let code, let parameters): [reply(code, [nick] + parameters + [about.text])]
        case .complete(let code, let parameters): [reply(code, [nick] + parameters)]
        case .part(let group): [from(nick, "PART", "#" + group)]
        case .notice: [notice(about.text)]
        case .silent: []
        }
    }
}
