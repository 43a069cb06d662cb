import ChatProtocol
import Testing

@testable import ChatClient

@Suite struct ConsoleCommandTests {
    private static let time = Timestamp(iso8601: "2026-01-31T10:34:56Z") ?? Timestamp(milliseconds: 0)

    @Test func linesGoToTheConversationUsedLast() {
        var play = ConsoleTranscript()
        play.logIn()
        #expect(
            play.type("hello") == [
                "| Choose whom to talk to: /talk NAME or /talk #GROUP. /help lists the commands."
            ])
        #expect(play.type("/msgto hans a  b ") == ["1 PRIVMSG hans :a  b ", "? yoda → hans> "])
        #expect(
            play.answer(1, .sent(to: "hans", at: Self.time), .kept(for: "hans")) == [
                "| Message to hans sent at 12:34.", "| hans is not active. The message will be delivered at the next login.",
            ])
        #expect(play.type("//etc is a folder") == ["2 PRIVMSG hans :/etc is a folder"])
        #expect(play.type("/groupmsg #jedi all") == ["3 PRIVMSG #jedi :all", "? yoda → #jedi> "])
        #expect(play.answer(3, .sentToGroup("jedi", at: Self.time)) == ["| Message to the group chat jedi sent at 12:34."])
        #expect(play.type("/talk luke") == ["? yoda → luke> "])
        #expect(play.type("/reply x") == ["| Nobody has written to you yet."])
        #expect(play.message("leia", "hi") == ["| 12:34 leia: hi"])
        #expect(play.type("/reply x") == ["4 PRIVMSG leia :x", "? yoda → leia> "])
        #expect(play.type("/leavegroup jedi") == ["5 PART #jedi"])
    }

    /// Commands of other chat programs work if they are aliases; for others a command is suggested.
    @Test func commandsOfOtherPrograms() {
        var play = ConsoleTranscript()
        play.logIn()
        #expect(play.type("/msg hans hi") == ["| Unknown command: /msg. Try /help.", "| Did you mean /msgto?"])
        #expect(play.type("/MSGTO hans hi") == ["| Unknown command: /MSGTO. Try /help.", "| Did you mean /msgto?"])
        #expect(play.type("/zzz") == ["| Unknown command: /zzz. Try /help."])
        #expect(play.type("/me waves") == ["| Choose whom to talk to: /talk NAME or /talk #GROUP. /help lists the commands."])
        #expect(play.type("/join #jedi") == ["1 JOIN #jedi", "? yoda → #jedi> "])
        #expect(play.type("/me waves") == ["2 PRIVMSG #jedi :\u{1}ACTION waves\u{1}"])
        #expect(play.type("/names jedi") == ["3 MEMBERS #jedi"])
        #expect(play.type("/query hans") == ["? yoda → hans> "])
        #expect(play.type("/quit").first == "4 QUIT")
        // A script gets the suggestion on stderr, after the line of the error, which stays the same.
        var script = ConsoleTranscript(.plain) { $0.name = "ci" }
        script.logIn()
        #expect(script.type("/msg hans hi") == ["! Unknown command: /msg. Try /help.", "! Did you mean /msgto?"])
    }

    /// A person is shown once a minute that messages to a group were sent, and that the group has no other member.
    @Test func receiptsOfAGroupAreOnceAMinute() {
        var play = ConsoleTranscript()
        play.logIn()
        _ = play.type("/groupmsg jedi a")
        #expect(
            play.answer(1, .sentToGroup("jedi", at: Self.time), .nobodyElse("jedi")) == [
                "| Message to the group chat jedi sent at 12:34.", "| Nobody else is in the group chat jedi yet.",
            ])
        _ = play.type("b")
        #expect(play.answer(2, .sentToGroup("jedi", at: Self.time.adding(milliseconds: 3000)), .nobodyElse("jedi")) == [])
        _ = play.type("/groupmsg sith b")
        #expect(play.answer(3, .sentToGroup("sith", at: Self.time)) == ["| Message to the group chat sith sent at 12:34."])
        _ = play.type("/groupmsg sith c")
        #expect(
            play.answer(4, .sentToGroup("sith", at: Self.time.adding(milliseconds: 4000))) == [
                "| Message to the group chat sith sent at 12:35."
            ])
        // Each direct message has a receipt of its own.
        for id in 5...6 as ClosedRange<UInt64> {
            _ = play.type("/msgto hans d")
            #expect(play.answer(id, .sent(to: "hans", at: Self.time)) == ["| Message to hans sent at 12:34."])
        }
        // So has each message of a script.
        var script = ConsoleTranscript(.plain) { $0.name = "ci" }
        script.logIn()
        for id in 1...2 as ClosedRange<UInt64> {
            _ = script.type("/groupmsg jedi a")
            #expect(
                script.answer(id, .sentToGroup("jedi", at: Self.time), .nobodyElse("jedi")) == [
                    "| Message to the group chat jedi sent at 2026-01-31T10:34:56Z."
                ])
        }
    }

    @Test(arguments: [ConsoleFormatter.Kind.terminal(colours: false), .plain]) func receiptsCanBeSwitchedOff(kind: ConsoleFormatter.Kind) {
        var play = ConsoleTranscript(kind) {
            $0.showsReceipts = false
            if kind == .plain { $0.name = "ci" }
        }
        play.logIn()
        _ = play.type("/msgto hans a")
        #expect(play.answer(1, .sent(to: "hans", at: Self.time)) == [])
        _ = play.type("/groupmsg jedi a")
        #expect(play.answer(2, .sentToGroup("jedi", at: Self.time)) == [])
        _ = play.type("/msgto hans a")
        // Further replies are shown.
        #expect(
            play.answer(3, .sent(to: "hans", at: Self.time), .kept(for: "hans")) == [
                "| hans is not active. The message will be delivered at the next login."
            ])
    }

    @Test func aConversationWithNobodyIsLeftForTheOneBefore() {
        var play = ConsoleTranscript()
        play.logIn()
        #expect(play.type("/msgto hans a") == ["1 PRIVMSG hans :a", "? yoda → hans> "])
        _ = play.answer(1, .sent(to: "hans", at: Self.time))
        #expect(play.type("/msgto Hans2 a") == ["2 PRIVMSG Hans2 :a", "? yoda → Hans2> "])
        #expect(play.answer(2, .noSuchUser("hans2")) == ["| There is no user hans2.", "? yoda → hans> "])
        #expect(play.type("/groupmsg sith a") == ["3 PRIVMSG #sith :a", "? yoda → #sith> "])
        #expect(play.answer(3, .noSuchGroup("sith")) == ["| There is no group chat sith.", "? yoda → hans> "])
    }

    @Test func historyIsOfTheConversationAtHandUnlessItIsNamed() {
        var play = ConsoleTranscript()
        play.logIn()
        #expect(
            play.type("/history") == ["| Name a conversation: /history USERNAME or /history #GROUPNAME."])
        #expect(play.type("/history luke 5") == ["1 CHATHISTORY LATEST luke * 5"])
        #expect(play.type("/talk #jedi") == ["? yoda → #jedi> "])
        #expect(play.type("/history 7") == ["2 CHATHISTORY LATEST #jedi * 7"])
        #expect(play.type("/search the force") == ["3 SEARCH :the force"])
    }

    @Test(arguments: [("/history luke 150", true), ("/history luke 100", false), ("/search x", true)])
    func whatTheServerGivesAtOnceIsSaid(typed: String, isSaid: Bool) {
        var play = ConsoleTranscript()
        play.logIn()
        _ = play.type(typed)
        let message = ReceivedMessage(id: nil, time: Self.time, from: "luke", conversation: .user("luke"), text: "x", isOwn: false)
        var answer = Answer([])
        answer.found = Array(repeating: message, count: Limits.messagesAtOnce)
        let shown = play.client(.answered(RequestID(rawValue: 1), answer))
        #expect(shown.count == Limits.messagesAtOnce + (isSaid ? 1 : 0))
        if isSaid { #expect(shown.last == "| These are the latest 100 messages. No more can be shown at once.") }
    }

    @Test func aNewPasswordIsAskedForTwiceAndNeverShown() {
        var play = ConsoleTranscript()
        play.logIn()
        #expect(play.type("/passwd").last?.contains("Old password: ") == true)
        #expect(play.type("old").last?.contains("New password: ") == true)
        #expect(play.type("new").last?.contains("New password again: ") == true)
        #expect(play.type("other").first == "| The two new passwords are not the same. Nothing was changed.")
        for line in ["/passwd", "old", "new"] { _ = play.type(line) }
        #expect(play.type("new").contains("1 PASSWD AG9sZABuZXc="))
    }

    @Test func allCommandsReachTheServer() {
        var play = ConsoleTranscript()
        play.logIn()
        let expected = [
            "/activeuser": "ACTIVEUSER", "/creategroup jedi luke hans": "CREATEGROUP #jedi luke hans",
            "/creategroup open": "CREATEGROUP #open",
            "/joingroup jedi": "JOIN #jedi", "/joingroup #jedi": "JOIN #jedi", "/groups": "GROUPS", "/members jedi": "MEMBERS #jedi",
            "/invite jedi luke": "INVITE luke #jedi", "/leavegroup jedi": "PART #jedi",
        ]
        for (typed, sent) in expected {
            let effects = play.type(typed).filter { !$0.hasPrefix("? ") }
            #expect(effects.count == 1 && effects[0].drop { $0 != " " }.dropFirst() == sent, "\(typed) gave \(effects)")
        }
    }

    @Test func aGroupThatIsMadeOrJoinedIsTalkedTo() {
        var play = ConsoleTranscript()
        play.logIn()
        _ = play.type("/talk hans")
        #expect(play.type("/creategroup jedi luke") == ["1 CREATEGROUP #jedi luke", "? yoda → #jedi> "])
        _ = play.answer(1, .groupCreated("jedi", members: ["luke"]))
        #expect(play.type("hi group") == ["2 PRIVMSG #jedi :hi group"])
        _ = play.type("/talk hans")
        #expect(play.type("/joingroup #jedi") == ["3 JOIN #jedi", "? yoda → #jedi> "])
        #expect(play.answer(3, .alreadyMember("jedi")) == ["| You are already in the group chat jedi."])
        // If joining fails, the previous conversation is current again.
        #expect(play.type("/joingroup sith") == ["4 JOIN #sith", "? yoda → #sith> "])
        #expect(play.answer(4, .notInvited("sith")) == ["| You were not invited to the group chat sith.", "? yoda → #jedi> "])
        #expect(play.type("/creategroup jedi") == ["5 CREATEGROUP #jedi"])
        // The conversation stays if the user has chosen another one in the meantime.
        _ = play.type("/joingroup sith")
        _ = play.type("/talk luke")
        #expect(play.answer(6, .noSuchGroup("sith")) == ["| There is no group chat sith."])
    }

    @Test(arguments: [
        ("/msgto hans", "Usage: /msgto USERNAME MESSAGE"), ("/activeuser x", "Usage: /activeuser"),
        ("/creategroup", "Usage: /creategroup GROUPNAME [USERNAME ...]"), ("/msg x", "Unknown command: /msg. Try /help."),
        ("/p2pvideo luke", "Usage: /p2pvideo USERNAME FILE"), ("/logout now", "Usage: /logout"),
    ])
    func whatIsWrongIsSaid(typed: String, text: String) {
        var play = ConsoleTranscript()
        play.logIn()
        #expect(play.type(typed).first == "| " + text)
    }

    @Test func helpIsALineForEachCommand() {
        var play = ConsoleTranscript()
        play.logIn()
        let all = play.type("/help")
        #expect(all.count == SlashCommandKind.allCases.count)
        #expect(play.type("/help /msgto") == ["| Usage: /msgto USERNAME MESSAGE", "| Send a direct message."])
    }

    @Test func loggingOut() {
        for typed in ["/logout", "/quit"] {
            var play = ConsoleTranscript()
            play.logIn()
            #expect(play.type(typed) == ["1 QUIT", "?"])
            #expect(play.answer(1, .goodbye(name: "yoda")) == ["| Bye, yoda!", "abandon", "leave done"])
        }
        var play = ConsoleTranscript()
        play.logIn()
        #expect(play.give(.endOfInput) == ["1 QUIT", "?"])
    }

    @Test func ctrlCClearsTheLineAndTwiceLeaves() {
        var play = ConsoleTranscript()
        play.logIn()
        #expect(play.give(.interrupt(hadText: true)) == ["? yoda> "])
        #expect(play.give(.interrupt(hadText: false)) == ["| Press Ctrl-C again to leave.", "? yoda> "])
        _ = play.type("/groups")
        #expect(play.give(.interrupt(hadText: false)) == ["| Press Ctrl-C again to leave.", "? yoda> "])
        #expect(play.give(.interrupt(hadText: false)) == ["2 QUIT", "?"])
        #expect(play.answer(2, .goodbye(name: "yoda")) == ["| Bye, yoda!", "abandon", "leave interrupted"])
    }

    @Test func messagesOfADayAndOfTheNext() {
        var play = ConsoleTranscript()
        play.logIn()
        #expect(play.message("luke", "today") == ["| 12:34 luke: today"])
        #expect(
            play.message("luke", "late", at: "2026-01-31T23:30:00Z", group: "jedi") == ["| --- 2026-02-01 ---\n01:30 #jedi luke: late"])
        #expect(play.message("luke", "later", at: "2026-01-31T23:31:00Z") == ["| 01:31 luke: later"])
    }

    @Test func othersAreFollowed() {
        var play = ConsoleTranscript()
        play.logIn()
        #expect(play.client(.memberJoined(user: "luke", group: "jedi")) == ["| luke joined the group chat jedi."])
        #expect(play.client(.memberJoined(user: "Yoda", group: "jedi")) == [])
        #expect(play.client(.memberLeft(user: "luke", group: "jedi")) == ["| luke left the group chat jedi."])
        #expect(
            play.client(.invited(by: "luke", group: "sith")) == [
                "| luke invited you to the group chat sith. Join it with /joingroup sith"
            ])
        #expect(play.client(.connectionLost) == ["| The connection is lost. Connecting again ...", "? yoda (offline)> "])
        #expect(
            play.client(.loggedIn(name: "yoda", again: true)) == [
                "0 WHO *", "18446744073709551615 GROUPS *", "| Connected again.", "? yoda> ",
            ])
    }

    @Test func theBellRingsForWhatConcernsOne() {
        func rings(_ bell: Console.Bell, _ text: String, group: String?) -> Bool {
            var play = ConsoleTranscript { $0.bell = bell }
            play.logIn()
            return play.message("luke", text, group: group).contains("bell")
        }
        #expect(rings(.direct, "hi", group: nil))
        #expect(!rings(.direct, "hi", group: "jedi"))
        #expect(rings(.direct, "ask Yoda.", group: "jedi"))
        #expect(!rings(.direct, "yodas", group: "jedi"))
        #expect(rings(.all, "hi", group: "jedi"))
        #expect(!rings(.off, "yoda", group: nil))
    }

    @Test func aScriptSendsOneCommandAfterTheOther() {
        var play = ConsoleTranscript(.plain) { $0.name = "ci" }
        play.logIn(as: "ci")
        #expect(play.type("/msgto luke hi") == ["1 PRIVMSG luke :hi"])
        #expect(!play.console.wantsLine)
        #expect(play.answer(1, .notActive("luke")) == ["| luke is not active."])
        #expect(play.console.wantsLine)
        #expect(play.type("/nonsense") == ["! Unknown command: /nonsense. Try /help."])
        #expect(play.type("no command") == ["! That is not a command. Commands begin with a slash: try /help."])
        #expect(play.give(.endOfInput) == ["2 QUIT"])
        // The first failure counts, and no good-bye is shown, because the log-out was not requested.
        #expect(play.answer(2, .goodbye(name: "ci")) == ["abandon", "leave notDelivered"])
    }

    @Test func aScriptThatListensLeavesAfterItsCount() {
        var play = ConsoleTranscript(.plain) {
            $0.name = "ci"
            $0.count = 2
        }
        play.logIn(as: "ci")
        #expect(play.give(.endOfInput) == [])
        #expect(play.message("luke", "one") == ["| 2026-01-31T10:34:56Z luke: one"])
        #expect(play.message("luke", "two", group: "jedi") == ["| 2026-01-31T10:34:56Z #jedi luke: two", "1 QUIT"])
        var listening = ConsoleTranscript(.plain) {
            $0.name = "ci"
            $0.listens = true
        }
        listening.logIn(as: "ci")
        #expect(listening.give(.endOfInput) == [])
        #expect(listening.give(.stop(.terminated)) == ["1 QUIT"])
        #expect(listening.answer(1, .goodbye(name: "ci")) == ["abandon", "leave terminated"])
    }

    @Test func programsGetJSON() {
        var play = ConsoleTranscript(.json) { $0.name = "ci" }
        play.logIn(as: "ci")
        #expect(
            play.message("luke", "a \"b\"\u{1B}[31m\\", group: "jedi") == [
                #"| {"event":"message","time":"2026-01-31T10:34:56.000Z","from":"luke","group":"jedi","text":"a \"b\"\u001b[31m\\"}"#
            ])
        // Characters that reverse a line, are invisible or control a terminal are escaped, also those beyond the first plane.
        #expect(
            play.message("luke", "\u{202E}a\u{200B}b\u{9B}c\u{E0001}\u{7F}").first?.hasSuffix(
                #""text":"\u202ea\u200bb\u009bc\udb40\udc01\u007f"}"#) == true)
        _ = play.type("/activeuser")
        #expect(
            play.answer(1, .noOtherActive) == [#"| {"event":"reply","code":"NO_OTHER_ACTIVE","text":"No other active user."}"#])
        _ = play.type("/msgto x hi")
        #expect(
            play.answer(2, .noSuchUser("x")) == [
                #"| {"event":"error","code":"NO_SUCH_USER","context":["x"],"text":"There is no user x."}"#
            ])
        #expect(play.type("/x") == [#"| {"event":"error","text":"Unknown command: /x. Try /help."}"#])
    }
}
