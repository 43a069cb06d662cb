import ChatHub
import ChatProtocol

// AWAY as IRC has it (RFC 2812 §4.1, IRCv3 away-notify).

extension IRCCodec {
    /// Announces that a user is away or back, to clients with away-notify.
    func away(_ user: String, _ text: String?) -> [IRCMessage] {
        guard capabilities.contains(.awayNotify) else { return [] }
        var line = from(user, "AWAY")
        if let text { line.parameters = [text] }
        return [line]
    }

    /// RFC 2812 §4.8: `+` is here, `-` is away.
    func userHost(_ user: Outgoing.UserState) -> String {
        "\(user.name)=\(user.away == nil ? "+" : "-")\(user.name)@\(IRCCodec.serverName)"
    }
}
