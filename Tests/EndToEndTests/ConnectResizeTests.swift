import Foundation
import Testing

extension ServiceTests {
    /// `chatty connect` in the window of a real tmux whose width changes.
    @Suite("chatty connect in a window that changes", .enabled(if: Multiplexer.isAvailable, "tmux is not installed"))
    struct ConnectResizeTests {
        private func loggedIn(_ chat: ChatFixture, columns: Int) async throws -> Multiplexer {
            let window = try await Multiplexer(
                columns: columns, rows: 50, running: [Executable.chatty, "connect", "127.0.0.1", chat.port])
            try await window.expect { $0.last == "Enter username:" }
            try await window.type("yoda")
            try await window.press("Enter")
            try await window.expect { $0.last == "Enter password:" }
            try await window.type(ChatFixture.password(of: "yoda"))
            try await window.press("Enter")
            try await window.expect { $0.last == "yoda>" }
            // The window is filled first: if there are empty rows below the prompt, tmux scrolls the rows above them away when the window
            // becomes narrow.
            for _ in 1...2 {
                try await window.type("/help")
                try await window.press("Enter")
            }
            try await window.expect { $0.last == "yoda>" && $0.count > 55 }
            return window
        }

        /// A typed line is shown once, after any changes of the width, and is sent as it was typed.
        @Test(arguments: [
            "one two three four five", "w\u{fc}\u{6f22}\u{5b57} e\u{301} \u{1f680} \u{65e5}\u{672c}\u{8a9e}",
        ])
        func theTypedLineStandsOnceAfterEveryWidth(text: String) async throws {
            let chat = try await ChatFixture()
            let window = try await loggedIn(chat, columns: 60)
            let typed = "/msgto hans " + text
            try await window.type(typed)
            try await window.expect { $0.last == "yoda> " + typed }
            // The other two prompts are those of /help.
            for columns in [41, 25, 12, 60, 7, 3, 2, 60, 4, 100] {
                try await window.resize(columns: columns)
                guard columns > 3 else {
                    // In so few columns nothing is drawn.
                    try await window.expect { $0.joined().filter { $0 != " " }.matches(of: /yoda>/).count == 2 }
                    continue
                }
                let sender = try chat.script(as: "hans", "-c", "/msgto yoda at \(columns)")
                #expect(try await sender.exitStatus() == 0)
                try await window.expect { lines in
                    let all = lines.joined().filter { $0 != " " }
                    return all.contains("hans:at\(columns)yoda>/msgtohans") && all.matches(of: /yoda>/).count == 3
                }
            }
            try await window.expect { $0.last == "yoda> " + typed }
            try await window.press("Enter")
            let reader = try chat.script(as: "hans", "--count", "1", "-c", "/activeuser")
            try await reader.output.expect("yoda: \(text)\n")
        }

        @Test func whatIsTypedInTooFewColumnsIsThereInMore() async throws {
            let chat = try await ChatFixture()
            let window = try await loggedIn(chat, columns: 60)
            try await window.type("/msgto hans wide")
            try await window.expect { $0.last == "yoda> /msgto hans wide" }
            try await window.resize(columns: 2)
            try await window.type(" and narrow")
            try await window.resize(columns: 60)
            try await window.expect { lines in
                lines.last == "yoda> /msgto hans wide and narrow" && lines.joined().matches(of: /yoda>/).count == 3
            }
        }
    }
}
