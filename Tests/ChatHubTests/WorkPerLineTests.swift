import ChatCodec
import ChatHub
import ChatProtocol
import TestSupport
import Testing

/// The work of codecs and hub for one line of a stranger, up to the longest line.
@Suite(.longComputation) struct WorkPerLineTests {
    private static let commands = [
        "", "CAP REQ :", "NICK ", "PASS ", "AUTHENTICATE ", "JOIN ", "PART ", "PRIVMSG ", "PRIVMSG luke :", "TAGMSG ", "CREATEGROUP g ",
        "ISON ",
        "USERHOST ", "WHOIS ", "WHO ", "NAMES ", "LIST ", "CHATHISTORY LATEST ", "MARKREAD luke timestamp=", "PASSWD ", "P2P luke OFFER a ",
        "HELP ", "SEARCH ", "AWAY ", "@label=",
    ]

    @Test(arguments: commands) func growsWithTheLine(command: String) {
        check(IRCCodec(), command, logIn: nil)
        check(IRCCodec(), command, logIn: "PASS yoda:pw-yoda\r\nNICK yoda\r\nUSER y 0 * :y\r\n")
    }

    @Test(arguments: ["", "/msgto luke ", "/groupmsg g ", "/creategroup g ", "/history ", "/search ", "/help ", "PASS"])
    func growsWithTheLineOfText(command: String) {
        check(TextCodec(), command, logIn: nil)
        check(TextCodec(), command, logIn: "yoda\npw-yoda\n")
    }

    /// All lines of a measurement share a session, because creating one takes longer than any of them.
    private func check<Kind: Codec>(_ codec: Kind, _ command: String, logIn: String?) {
        for (name, text) in WorkPerByte.texts(command, seeds: 4) {
            var harness = CodecHarness(codec)
            if let logIn { harness.send(logIn) }
            let bytes = { (count: Int) in text(count).utf8.filter { $0 != 0x0A } + [0x0D, 0x0A] }
            let growth = WorkPerByte.growth(bytes, from: 256) { harness.send($0) }
            #expect(growth < WorkPerByte.bound, "\(name.debugDescription), logged in: \(logIn != nil)")
        }
    }
}
