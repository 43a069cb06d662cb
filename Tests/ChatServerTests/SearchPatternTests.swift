import TestSupport
import Testing

@testable import ChatServer

/// Whatever is typed are words to look for, and never syntax: quotation marks are found as SQLite finds them, by bytes.
@Suite struct SearchPatternTests {
    @Test(arguments: [
        ("may force", #""may" "force""#), (#"the "dark side" wins"#, #""the" "dark side" "wins""#), ("for*", #""for*" *"#),
        ("a\"\u{301} OR b", "\"a\" \" or b\""), ("a \u{308}b", "\"a\" \"b\""), ("x\0\u{301}y", "\"x y\""),
        ("a\u{2003}b\tc", #""a" "b" "c""#), ("*\u{301} a*\u{301}", "\"a*\""),
    ])
    func expressions(_ typed: String, _ expression: String) {
        #expect(SearchPattern(typed).map { Array($0.expression.utf8) } == Array(expression.utf8))
    }

    @Test(arguments: ["", "\"", "  ", "*", "\"\u{301}\""]) func noWordIsNoPattern(_ typed: String) { #expect(SearchPattern(typed) == nil) }

    @Test(arguments: ["a\"\u{301} OR b", "\"\u{301}a", "a\"\"\u{301}\" NEAR(b", "x*\u{301} y", "\u{308} \"\u{308}a\" *"])
    func nothingTypedIsAnErrorOfTheStore(_ typed: String) async throws {
        try await RunningServer.use { server in
            let yoda = try await server.logIn("yoda", capabilities: "sasl batch standard-replies")
            try await yoda.send("SEARCH :\(typed)\r\nPING done\r\n")
            #expect(!(try await yoda.expect("PONG chatty done").contains("FAIL")))
        }
    }

    @Test(.longComputation) func growsWithTheBytes() {
        for (name, text) in WorkPerByte.texts() {
            #expect(WorkPerByte.growth(text) { _ = SearchPattern($0) } < WorkPerByte.bound, "\(name.debugDescription)")
        }
    }
}
