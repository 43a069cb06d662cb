import CHarness
import Foundation

/// The descriptors between the test and one child, and the spawning of the child.
struct Wiring {
    let input: Int32
    let output: Int32
    let diagnostics: Int32?
    let isTerminal: Bool
    private var childEnds: [Int32] = []
    private var terminalPath: String?

    init(_ place: ChattyProcess.Place) throws(HarnessFailure) {
        switch place {
        case .pipes:
            let (stdin, stdout, stderr) = (try Descriptor.pipe(), try Descriptor.pipe(), try Descriptor.pipe())
            (input, output, diagnostics) = (stdin.write, stdout.read, stderr.read)
            childEnds = [stdin.read, stdout.write, stderr.write]
            isTerminal = false
        case .terminal(let columns, let rows):
            var name = [CChar](repeating: 0, count: 128)
            let leader = charness_open_terminal(columns, rows, &name)
            guard leader >= 0 else { throw .system("opening a terminal") }
            let path = String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
            // This is kept open until the child has it; otherwise the reader would see the end of a terminal that is not open yet.
            let follower = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC)
            guard follower >= 0 else { throw .system("open \(path)") }
            (input, output, diagnostics) = (leader, leader, nil)
            childEnds = [follower]
            terminalPath = path
            isTerminal = true
        }
    }

    /// Starts the child and closes the child's ends.
    func spawn(_ words: [String], _ environment: [String: String], _ directory: String) throws(HarnessFailure) -> pid_t {
        defer { for end in childEnds { close(end) } }
        var arguments = words.map { strdup($0) } + [nil]
        var settings = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for text in arguments + settings { free(text) } }
        var pid: pid_t = 0
        let code = charness_spawn(words[0], &arguments, &settings, directory, childEnds, terminalPath, &pid)
        guard code == 0 else { throw .system("starting \(words[0])", code) }
        return pid
    }
}
