import ChatProtocol
import TestSupport
import Testing

/// The commands and texts of the product, to the letter.
struct SlashCommandTests {
    @Test(arguments: [
        ("/msgto yoda hello", SlashCommand.message(user: "yoda", text: "hello")),
        ("/msgto yoda   two  spaces ", .message(user: "yoda", text: "  two  spaces ")),
        ("  /msgto\tyoda hi", .message(user: "yoda", text: "hi")),
        ("/activeuser", .activeUsers), ("/activeuser ", .activeUsers),
        ("/creategroup jedi", .createGroup(group: "jedi", members: [])),
        ("/creategroup jedi yoda  luke", .createGroup(group: "jedi", members: ["yoda", "luke"])),
        ("/joingroup jedi", .joinGroup("jedi")),
        ("/groupmsg jedi a b", .groupMessage(group: "jedi", text: "a b")),
        ("/p2pvideo yoda my movie.mp4", .sendFile(user: "yoda", path: "my movie.mp4")),
        ("/logout", .logOut), ("/quit", .logOut), ("/help", .help(nil)), ("/help msgto", .help("msgto")),
        ("/history", .history(with: nil, count: 20)), ("/history 5", .history(with: nil, count: 5)),
        ("/history #jedi", .history(with: "#jedi", count: 20)), ("/history yoda 7", .history(with: "yoda", count: 7)),
        ("/search may the force", .search("may the force")), ("/passwd", .changePassword),
        ("/accept", .accept(nil)), ("/accept 2", .accept("2")), ("/join jedi", .joinGroup("jedi")), ("/part jedi", .leaveGroup("jedi")),
        ("/names jedi", .members("jedi")), ("/list", .groups), ("/query #jedi", .talk("#jedi")), ("/me  waves ", .action(" waves ")),
    ])
    func understands(_ line: String, _ command: SlashCommand) throws {
        #expect(try SlashCommand(line, client: true) == command)
    }

    @Test(arguments: [
        ("/msgto", "Usage: /msgto USERNAME MESSAGE"), ("/msgto yoda", "Usage: /msgto USERNAME MESSAGE"),
        ("/msgto yoda ", "Usage: /msgto USERNAME MESSAGE"), ("/activeuser x", "Usage: /activeuser"),
        ("/creategroup", "Usage: /creategroup GROUPNAME [USERNAME ...]"), ("/joingroup", "Usage: /joingroup GROUPNAME"),
        ("/joingroup a b", "Usage: /joingroup GROUPNAME"), ("/join", "Usage: /joingroup GROUPNAME"),
        ("/groupmsg jedi", "Usage: /groupmsg GROUPNAME MESSAGE"),
        ("/p2pvideo yoda", "Usage: /p2pvideo USERNAME FILE"), ("/logout now", "Usage: /logout"), ("/help a b", "Usage: /help [COMMAND]"),
        ("/history 0", "Usage: /history [USERNAME|#GROUPNAME] [NUMBER]"),
        ("/history yoda x", "Usage: /history [USERNAME|#GROUPNAME] [NUMBER]"),
        ("/msg yoda hi", "Unknown command: /msg. Try /help."), ("/", "Unknown command: /. Try /help."),
        ("/MSGTO a b", "Unknown command: /MSGTO. Try /help."),
    ])
    func refuses(_ line: String, _ text: String) {
        do throws(SlashCommand.Defect) {
            let command = try SlashCommand(line, client: true)
            Issue.record("understood as \(command)")
        } catch {
            #expect(error.text == text)
        }
    }

    @Test(
        arguments: [
            ("/msg", "/msgto"), ("/whois", "/activeuser"), ("/activuser", "/activeuser"), ("/HELP", "/help"), ("/hist", "/history"),
            ("/xyzzy", nil), ("/", nil),
        ] as [(String, String?)]) func whatWasMeantIsKnown(typed: String, meant: String?)
    {
        #expect(Texts.didYouMean(typed, client: true) == meant.map { "Did you mean \($0)?" })
    }

    /// A plain-text session gets no suggestion of a command that only the client knows.
    @Test func whatIsMeantWithoutTheClient() throws {
        #expect(SlashCommandKind.meant(by: "/acept", client: true) == .accept)
        #expect(SlashCommandKind.meant(by: "/acept", client: false) == nil)
        #expect(try SlashCommand("/quit", client: false) == .logOut)
    }

    @Test func whatOnlyTheClientKnows() {
        #expect(throws: SlashCommand.Defect.unknown("/accept")) { try SlashCommand("/accept 1", client: false) }
        #expect(throws: SlashCommand.Defect.notACommand) { try SlashCommand("hello", client: true) }
        #expect(throws: SlashCommand.Defect.notACommand) { try SlashCommand("", client: true) }
    }

    @Test func helpNamesEveryCommandOnALineOfAScreen() {
        let help = Texts.help(client: true)
        #expect(help.count == SlashCommandKind.allCases.count)
        for kind in SlashCommandKind.allCases { #expect(help.contains { $0.hasPrefix(kind.invocation + " ") }) }
        #expect(help.allSatisfy { $0.utf8.count <= 80 })
        #expect(Texts.help(on: "/msgto", client: true) == ["Usage: /msgto USERNAME MESSAGE", "Send a direct message."])
        #expect(SlashCommandKind.history.description.summary.contains("\(SlashCommand.historyCount)"))
        #expect(Texts.help(on: "nothing", client: true) == ["Unknown command: /nothing. Try /help."])
    }

    @Test(arguments: 0..<UInt64(200))
    func anyLineIsReadOrRefused(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let line = String(decoding: random.bytes(40, from: Array("/msgto \t\u{e9}\u{1}".utf8)), as: UTF8.self)
        _ = try? SlashCommand(line, client: true)
        if case .message(let user, let text)? = try? SlashCommand("/msgto " + line, client: true) {
            #expect(("/msgto " + line).hasSuffix(user + " " + text) || ("/msgto " + line).hasSuffix(user + "\t" + text))
        }
    }
}
