import ChatHub
import ChatProtocol
import TestSupport
import Testing

/// What the ways in and the hub do for one line of a stranger, up to the longest that is read.
@Suite(.longComputation) struct WorkPerLineTests {
    private static let commands = [
        "", "CAP REQ :", "NICK ", "PASS ", "AUTHENTICATE ", "JOIN ", "PART ", "PRIVMSG ", "PRIVMSG luke :", "TAGMSG ", "CREATEGROUP g ",
        "ISON ",
        "USERHOST ", "WHOIS ", "WHO ", "NAMES ", "LIST ", "CHATHISTORY LATEST ", "MARKREAD luke timestamp=", "PASSWD ", "P2P luke OFFER a ",
        "HELP ", "SEARCH ", "AWAY ", "@label=",
    ]

    @Test(arguments: commands) func growsWithTheLine(command: String) {
        check(IRCWayIn(), command, logIn: nil)
        check(IRCWayIn(), command, logIn: "PASS yoda:pw-yoda\r\nNICK yoda\r\nUSER y 0 * :y\r\n")
    }

    @Test(arguments: ["", "/msgto luke ", "/groupmsg g ", "/creategroup g ", "/history ", "/search ", "/help ", "PASS"])
    func growsWithTheLineOfText(command: String) {
        check(TextWayIn(), command, logIn: nil)
        check(TextWayIn(), command, logIn: "yoda\npw-yoda\n")
    }

    /// One session for all lines of a measurement: to make one takes longer than any of them.
    private func check<Way: WayIn>(_ way: Way, _ command: String, logIn: String?) {
        for (name, text) in WorkPerByte.texts(command, seeds: 4) {
            var harness = WayInHarness(way)
            if let logIn { harness.send(logIn) }
            let bytes = { (count: Int) in text(count).utf8.filter { $0 != 0x0A } + [0x0D, 0x0A] }
            let growth = WorkPerByte.growth(bytes, from: 256) { harness.send($0) }
            #expect(growth < WorkPerByte.bound, "\(name.debugDescription), logged in: \(logIn != nil)")
        }
    }
}
