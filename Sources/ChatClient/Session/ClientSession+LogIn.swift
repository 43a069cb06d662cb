import ChatProtocol
import FoundationEssentials

// The log-in, from the capabilities to the welcome (IRCv3 capability-negotiation, sasl-3.2; `NICK` checks a name before its password with
// `chatty/service`).

extension ClientSession {
    private static let wanted: Capability = [
        .sasl, .messageTags, .serverTime, .echoMessage, .labeledResponse, .batch, .standardReplies, .accountTag, .chatty,
    ]
    /// Capabilities that a server must have.
    private static let needed: Capability = [
        .sasl, .messageTags, .serverTime, .echoMessage, .labeledResponse, .batch, .standardReplies, .chatty,
    ]
    private static let nameLabel = "name"
    static let tokenLabel = "token"
    private static let foreign = "This is not a chatty server."

    mutating func submit(name: String, at now: Int64) {
        guard stage == .naming else { return }
        stage = .checkingName(name)
        stageDeadline = now + configuration.answerTimeout
        if let defect = ClientRequest.message(to: name, text: "").defect {
            // No account can have such a name.
            return refuseName(ServerNotice(defect), at: now)
        }
        send(IRCMessage(tags: [.init("label", configuration.labelPrefix + ClientSession.nameLabel)], command: "NICK", parameters: [name]))
    }

    mutating func submit(password: String, at now: Int64) {
        guard case .awaitingPassword(let name) = stage else { return }
        authenticate(Credentials(name: name, password: password), at: now)
    }

    /// Handles a line of the log-in.
    /// - Returns: false for any other line.
    mutating func logIn(_ message: IRCMessage, at now: Int64) -> Bool {
        switch (stage, message.command) {
        case (.listing(let names), "CAP") where message.parameters.count >= 3 && message.parameters[1] == "LS":
            list(names, message, at: now)
        case (.requesting, "CAP") where message.parameters.count >= 3 && message.parameters[1] == "ACK":
            awaitName(at: now)
        case (.requesting, "CAP"): end(.failed(ClientSession.foreign))
        case (.checkingName(let name), _) where message.tag("label") == configuration.labelPrefix + ClientSession.nameLabel:
            nameChecked(name, message, at: now)
        case (.authenticating(let credentials, let said), _): return authenticating(credentials, said, message, at: now)
        case (.entering(let credentials), "001"):
            enter(credentials, as: message.parameters.first ?? credentials.name, at: now)
        case (.listing, "421"), (.listing, "451"): end(.failed(ClientSession.foreign))
        default: return false
        }
        return true
    }

    private mutating func list(_ names: Set<String>, _ message: IRCMessage, at now: Int64) {
        let more = message.parameters.count > 3 && message.parameters[2] == "*"
        let words = message.parameters.last?.pieces(between: " ") ?? []
        // The address is not the session's business.
        if let services = words.lazy.compactMap({ $0.rest(behind: "chatty/service=") }).first {
            let named = services.pieces(between: ",")
            if !named.isEmpty { emit(.services(named, address: nil)) }
        }
        let all = names.union(words.prefix(256).map { $0.upTo("=") })
        guard !more else {
            stage = .listing(all)
            return
        }
        let offered = all.compactMap(Capability.named).reduce(into: Capability()) { $0.insert($1) }
        guard offered.isSuperset(of: ClientSession.needed) else { return end(.failed(ClientSession.foreign)) }
        stage = .requesting
        send(IRCMessage("CAP", "REQ", ClientSession.wanted.intersection(offered).names.joined(separator: " ")))
    }

    private mutating func awaitName(at now: Int64) {
        stage = .naming
        stageDeadline = nil
        if let credentials, account != nil { submit(name: credentials.name, at: now) } else { emit(.askName) }
    }

    private mutating func nameChecked(_ name: String, _ message: IRCMessage, at now: Int64) {
        guard message.command == "ACK" || message.command == "NICK" else {
            return refuseName(notice(of: message) ?? ServerNotice(.noSuchUser(name)), at: now)
        }
        if !hasSentUser {
            hasSentUser = true
            send(IRCMessage("USER", name, "0", "*", name))
        }
        stage = .awaitingPassword(name)
        stageDeadline = nil
        if let credentials, account != nil {
            authenticate(Credentials(name: credentials.name, password: token ?? credentials.password), at: now)
        } else {
            emit(.askPassword(name: name))
        }
    }

    private mutating func refuseName(_ notice: ServerNotice, at now: Int64) {
        guard account == nil else { return refused([notice], at: now) }
        emit(.logInReply(notice))
        emit(.logInFailed(blocked: false))
        awaitName(at: now)
    }

    private mutating func authenticate(_ credentials: Credentials, at now: Int64) {
        stage = .authenticating(credentials, said: [])
        stageDeadline = now + configuration.answerTimeout
        send(IRCMessage("AUTHENTICATE", "PLAIN"))
    }

    private mutating func authenticating(_ credentials: Credentials, _ said: [ServerNotice], _ message: IRCMessage, at now: Int64) -> Bool {
        switch message.command {
        case "AUTHENTICATE":
            for chunk in ClientSession.saslPlain(credentials) { send(IRCMessage("AUTHENTICATE", chunk)) }
        case "FAIL" where message.parameters.first == "AUTHENTICATE", "WARN" where message.parameters.first == "AUTHENTICATE":
            guard let notice = notice(of: message) else { return true }
            stage = .authenticating(credentials, said: said + [notice])
        case "900": break
        case "903":
            stage = .entering(credentials)
            // The server replays neither what the client has acknowledged, nor what it sent over a connection that may still be open.
            send(acknowledgement.opening(as: configuration.labelPrefix))
            send(IRCMessage("CAP", "END"))
        case "902", "904", "905", "906", "907", "908":
            let notices = said.isEmpty ? [ServerNotice(text: message.parameters.last ?? "", isFailure: true)] : said
            refused(notices, at: now)
        default: return false
        }
        return true
    }

    private mutating func refused(_ notices: [ServerNotice], at now: Int64) {
        let blocked = notices.contains { notice in
            switch notice.reply {
            case .blocked, .nowBlocked: true
            default: false
            }
        }
        guard account != nil else {
            for notice in notices { emit(.logInReply(notice)) }
            emit(.logInFailed(blocked: blocked))
            return awaitName(at: now)
        }
        if token != nil, notices.contains(where: { $0.reply == .tokenExpired || $0.reply == .invalidCredentials }) {
            // The token has expired, or a new password ended it. The password may still be right.
            token = nil
            return awaitName(at: now)
        }
        // Some refusals are temporary, such as a full server; a wrong password is not.
        let isFinal = notices.contains { notice in
            switch notice.reply {
            case .invalidCredentials, .nowBlocked, .noSuchUser, .badUserName, .accountGone, .passwordReplaced: true
            default: false
            }
        }
        guard !isFinal else {
            for notice in notices { emit(.logInReply(notice)) }
            return end(.refused(""))
        }
        outputs.append(.disconnect)
        lose(notices.first?.text ?? "", at: now, atLeast: blocked ? 5_000 : 0)
    }

    private mutating func enter(_ credentials: Credentials, as name: String, at now: Int64) {
        let again = account != nil
        if !again { self.credentials = credentials }
        account = name
        stage = .online
        stageDeadline = nil
        lostAt = nil
        backoff.reset()
        emit(.loggedIn(name: name, again: again))
        requestToken()
        sendWaiting(at: now)
    }

    /// Requests a token for the next log-in; see ``Configuration/resumesByToken``.
    mutating func requestToken() {
        guard configuration.resumesByToken, token == nil else { return }
        send(IRCMessage(tags: [.init("label", configuration.labelPrefix + ClientSession.tokenLabel)], command: "TOKEN"))
    }

    /// RFC 4616 §2 in base 64, cut into pieces of 400 bytes with an empty one at the end where the last is full (IRCv3 sasl-3.1).
    static func saslPlain(_ credentials: Credentials) -> [String] {
        let message = [0] + Array(credentials.name.utf8) + [0] + Array(credentials.password.utf8)
        var rest = Array(Data(message).base64EncodedData())[...]
        var chunks: [String] = []
        while !rest.isEmpty {
            chunks.append(String(decoding: rest.prefix(400), as: UTF8.self))
            rest = rest.dropFirst(400)
        }
        if chunks.last.map({ $0.utf8.count == 400 }) ?? true { chunks.append("+") }
        return chunks
    }
}
