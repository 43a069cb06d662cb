import ChatProtocol
import Testing

@testable import ChatClient

@Suite struct ConsoleLogInTests {
    /// The complete session, from the connection to the first command.
    @Test func theTranscript() {
        var play = ConsoleTranscript()
        #expect(play.client(.connected) == ["| Connected to the server.", "listen", "?"])
        #expect(play.give(.listening(port: 9999)) == ["| UDP server listening on port 9999"])
        #expect(play.client(.askName) == ["? Enter username: "])
        for attempt in 1...3 {
            #expect(play.type("e") == ["name e", "?"])
            #expect(play.client(.askPassword(name: "e")) == ["? Enter password: (hidden)"])
            #expect(play.type("wrong") == ["password wrong", "?"])
            #expect(play.logInReply(.invalidCredentials) == ["| Invalid credentials. Try again."])
            if attempt == 3 {
                #expect(
                    play.logInReply(.nowBlocked(seconds: 10)) == [
                        "| You are blocked due to multiple failed login attempts. Try again 10 seconds later."
                    ])
            }
            _ = play.client(.logInFailed(blocked: attempt == 3))
            #expect(play.client(.askName) == ["? Enter username: "])
        }
        #expect(play.type("ethan") == ["name ethan", "?"])
        #expect(play.client(.askPassword(name: "ethan")) == ["? Enter password: (hidden)"])
        #expect(play.type("right") == ["password right", "?"])
        #expect(
            play.client(.loggedIn(name: "ethan", again: false)) == [
                "0 WHO *", "18446744073709551615 GROUPS *", "history of ethan", "| Welcome! ethan",
                "| Enter one of the following commands (/msgto, /activeuser, /creategroup, /joingroup, /groupmsg, /p2pvideo, /logout, /help):",
                "? ethan> ",
            ])
    }

    @Test func theMessageOfTheDayIsShownOnATerminalAndToPrograms() {
        let lines = ["Be \u{1B}[31mkind\u{202E}.", " ", "\u{5D0}"]
        var play = ConsoleTranscript()
        play.logIn()
        #expect(play.client(.messageOfTheDay(lines)) == ["| Be kind.\n \n\u{2068}\u{5D0}\u{2069}"])
        // After a lost connection only a new message of the day is shown.
        #expect(play.client(.messageOfTheDay(lines)) == [])
        #expect(play.client(.messageOfTheDay(["Be kinder."])) == ["| Be kinder."])
        var program = ConsoleTranscript(.json)
        program.logIn()
        #expect(
            program.client(.messageOfTheDay(lines)) == [
                #"| {"event":"motd","text":"Be \u001b[31mkind\u202e.\n \n"# + "\u{5D0}\"}"
            ])
        var script = ConsoleTranscript(.plain)
        script.logIn()
        #expect(script.client(.messageOfTheDay(lines)) == [])
    }

    @Test func anEmptyNameIsAskedForAgain() {
        var play = ConsoleTranscript()
        _ = play.client(.connected)
        _ = play.client(.askName)
        #expect(play.type("  ") == ["? Enter username: "])
        #expect(play.type(" yoda ") == ["name yoda", "?"])
    }

    @Test func aScriptWithItsNameSaysNothingOfTheLogIn() {
        var play = ConsoleTranscript(.plain) {
            $0.name = "ci"
            $0.password = "secret"
        }
        #expect(play.client(.connected) == ["listen", "?"])
        #expect(play.give(.listening(port: 1)) == [])
        #expect(play.client(.askName) == ["name ci"])
        #expect(play.client(.askPassword(name: "ci")) == ["password secret"])
        #expect(play.client(.loggedIn(name: "ci", again: false)) == ["history of ci"])
        #expect(play.console.wantsLine)
    }

    @Test(arguments: [(false, ConsoleStatus.refused), (true, .blocked)]) func aScriptThatIsRefusedLeaves(
        blocked: Bool, status: ConsoleStatus
    ) {
        var play = ConsoleTranscript(.plain) {
            $0.name = "ci"
            $0.password = "secret"
        }
        _ = play.client(.connected)
        _ = play.client(.askName)
        _ = play.client(.askPassword(name: "ci"))
        #expect(play.logInReply(blocked ? .blocked : .invalidCredentials).first?.hasPrefix("! ") == true)
        #expect(play.client(.logInFailed(blocked: blocked)) == ["abandon", "leave \(status)"])
    }

    @Test func aNameFromTheCommandLineThatIsUnknownIsNotAskedForever() {
        var play = ConsoleTranscript { $0.name = "nobody" }
        _ = play.client(.connected)
        #expect(play.client(.askName) == ["name nobody"])
        #expect(play.client(.logInFailed(blocked: false)) == ["abandon", "leave refused"])
    }

    @Test func aPersonMayTypeThePasswordOfAGivenNameAgain() {
        var play = ConsoleTranscript { $0.name = "yoda" }
        _ = play.client(.connected)
        _ = play.client(.askName)
        #expect(play.client(.askPassword(name: "yoda")) == ["? Enter password: (hidden)"])
        _ = play.type("wrong")
        #expect(play.client(.logInFailed(blocked: false)) == [])
        #expect(play.client(.askName) == ["name yoda"])
        #expect(play.client(.askPassword(name: "yoda")) == ["? Enter password: (hidden)"])
    }

    @Test func aStrangerIsAskedAbout() {
        let key = Fingerprint(ofCertificate: [1])
        for (typed, outcome) in [("yes", "right"), ("Y", "right"), ("no", "wrong"), ("yes ", "right"), (" N", "wrong")] {
            var play = ConsoleTranscript()
            let shown = play.client(.unknownServer(SelfMade(key, remark: "By itself it expired.")))
            #expect(shown.first?.contains(key.description + "\nBy itself it expired.") == true)
            #expect(shown.last == "? Is it the key that chatty serve printed? (yes/no) ")
            // After any other answer the question is repeated.
            #expect(play.type("") == ["? Is it the key that chatty serve printed? (yes/no) "])
            #expect(play.type("what?") == ["? Is it the key that chatty serve printed? (yes/no) "])
            #expect(play.type(typed) == ["the key is \(outcome)", "?"])
        }
    }

    /// A remark that the server has another certificate is shown to a person on stdout and to a script on stderr, and does not change the
    /// exit status.
    @Test func whatIsToBeKnownOfTheServerIsSaid() {
        var person = ConsoleTranscript()
        #expect(person.client(.remark("It has another key.")).first == "| It has another key.")
        var script = ConsoleTranscript(.plain) { $0.name = "ci" }
        #expect(script.client(.remark("It has another key.")).first == "! It has another key.")
        var program = ConsoleTranscript(.json) { $0.name = "ci" }
        #expect(program.client(.remark("It has another key.")).first == #"| {"event":"hint","text":"It has another key."}"#)
    }

    @Test(arguments: [
        (ClientEvent.Ending.unreachable("no route"), ["! no route", "abandon", "leave unreachable"]),
        (.refused("changed"), ["! changed", "abandon", "leave refused"]), (.refused(""), ["abandon", "leave refused"]),
        (.failed("odd"), ["! odd", "abandon", "leave failed"]),
    ])
    func endings(ending: ClientEvent.Ending, effects: [String]) {
        var play = ConsoleTranscript()
        #expect(play.client(.ended(ending)) == effects)
        #expect(play.type("anything") == [])
    }

    @Test func leavingBeforeTheLogIn() {
        var interrupted = ConsoleTranscript()
        _ = interrupted.client(.connected)
        _ = interrupted.client(.askName)
        #expect(interrupted.give(.interrupt(hadText: false)) == ["abandon", "leave interrupted"])
        var ended = ConsoleTranscript()
        _ = ended.client(.connected)
        _ = ended.client(.askName)
        #expect(ended.give(.endOfInput) == ["abandon", "leave done"])
    }
}
