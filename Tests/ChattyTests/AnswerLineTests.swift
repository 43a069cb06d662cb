import CHarness
import Foundation
import Testing

@testable import chatty

@Suite struct AnswerLineTests {
    /// A terminal that is closed between the question and the wait for its answer is still none that answers.
    @Test func aClosedTerminalIsATerminal() throws {
        var name = [CChar](repeating: 0, count: 128)
        let master = charness_open_terminal(80, 24, &name)
        try #require(master >= 0)
        let terminal = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC)
        try #require(terminal >= 0)
        defer { close(terminal) }
        #expect(AnswerLine.isTerminal(terminal))
        close(master)
        #expect(AnswerLine.isTerminal(terminal))
        let file = open("/dev/null", O_RDWR | O_CLOEXEC)
        defer { close(file) }
        #expect(!AnswerLine.isTerminal(file))
    }
}
