import Foundation

/// Questions to the person at the terminal, one at a time, answered with a line of standard input.
actor Question {
    static let shared = Question()

    private var isAsking = false
    private var waiting: [(id: Int, turn: CheckedContinuation<Bool, Never>)] = []
    private var lastID = 0

    /// - Returns: the answer without its line end; nil if standard input has ended, or the task was cancelled.
    func ask(_ text: String, on reporter: TransferReporter) async -> String? {
        guard await waitForTurn() else { return nil }
        defer { passTurn() }
        guard let line = AnswerLine() else { return nil }
        reporter.open(question: text)
        let answer = await line.read()
        reporter.closeQuestion(isAnswered: answer != nil)
        return answer
    }

    /// Whether the answer begins with y or Y.
    func confirm(_ text: String, on reporter: TransferReporter) async -> Bool {
        let answer = await ask("\(text) [y/N]", on: reporter)?.trimmingCharacters(in: .whitespaces).lowercased()
        return answer == "y" || answer == "yes"
    }

    /// - Returns: false if the task was cancelled before its turn.
    private func waitForTurn() async -> Bool {
        if Task.isCancelled { return false }
        guard isAsking else {
            isAsking = true
            return true
        }
        lastID += 1
        let id = lastID
        return await withTaskCancellationHandler {
            await withCheckedContinuation { waiting.append((id, $0)) }
        } onCancel: {
            Task { await self.leave(id) }
        }
    }

    private func leave(_ id: Int) {
        guard let index = waiting.firstIndex(where: { $0.id == id }) else { return }
        waiting.remove(at: index).turn.resume(returning: false)
    }

    private func passTurn() {
        if waiting.isEmpty { isAsking = false } else { waiting.removeFirst().turn.resume(returning: true) }
    }
}
