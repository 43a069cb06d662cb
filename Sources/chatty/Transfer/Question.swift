import Foundation

/// Questions to the person at the terminal, one at a time, answered with a line of standard input.
actor Question {
    static let shared = Question()

    private var isAsking = false
    private var waiting: [CheckedContinuation<Void, Never>] = []

    /// - Returns: the answer without its line end; nil where standard input has ended.
    func ask(_ text: String) async -> String? {
        while isAsking { await withCheckedContinuation { waiting.append($0) } }
        isAsking = true
        defer {
            isAsking = false
            if !waiting.isEmpty { waiting.removeFirst().resume() }
        }
        Diagnostics.write("chatty: \(text) ", to: STDERR_FILENO)
        // A thread of its own: reading waits as long as the person thinks.
        return await withCheckedContinuation { continuation in
            Thread { continuation.resume(returning: readLine()) }.start()
        }
    }

    /// Whether the answer begins with y or Y.
    func confirm(_ text: String) async -> Bool {
        let answer = await ask("\(text) [y/N]")?.trimmingCharacters(in: .whitespaces).lowercased()
        return answer == "y" || answer == "yes"
    }
}
