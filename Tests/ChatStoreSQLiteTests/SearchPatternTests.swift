import TestSupport
import Testing

@testable import ChatStoreSQLite

/// Any input is a list of words and never syntax. Quotation marks are found by bytes, as SQLite finds them.
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

    @Test(.longComputation) func growsWithTheBytes() {
        for (name, text) in WorkPerByte.texts() {
            #expect(WorkPerByte.growth(text) { _ = SearchPattern($0) } < WorkPerByte.bound, "\(name.debugDescription)")
        }
    }
}
