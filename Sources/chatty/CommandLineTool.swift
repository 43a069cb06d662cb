import ChatProtocol
import TransferProtocol

/// Parses the command line, runs the subcommand and returns the exit status.
enum CommandLineTool {
    /// - Parameter words: the command line without the program's name.
    static func run(_ words: [ByteString]) async -> ExitStatus {
        do {
            return try await dispatch(words)
        } catch {
            let place = error.command.map { "\($0): " } ?? ""
            let help = (["chatty"] + [error.command].compactMap(\.self) + ["--help"]).joined(separator: " ")
            Diagnostics.report("\(place)\(error.message)\nTry: \(help)")
            return .usage
        }
    }

    private static func dispatch(_ words: [ByteString]) async throws(UsageError) -> ExitStatus {
        guard let first = words.first else {
            Diagnostics.write(HelpText.overview(Command.all.map(\.spec)), to: 2)
            return .usage
        }
        switch first {
        case "-h", "--help":
            return show(HelpText.overview(Command.all.map(\.spec)))
        case "help":
            guard words.count > 1, !["-h", "--help"].contains(words[1]) else { return show(HelpText.overview(Command.all.map(\.spec))) }
            return show(HelpText.of(try command(named: words[1]).spec))
        case "-V", "--version":
            return show(VersionText.text())
        case _ where first == "--generate" || first.bytes.starts(with: "--generate=".utf8):
            return try generate(words)
        default:
            let command = try command(named: first)
            switch try ArgumentParser(spec: command.spec).parse(Array(words.dropFirst())) {
            case .help: return show(HelpText.of(command.spec))
            case .version: return show(VersionText.text())
            case .run(let arguments): return try await command.run(arguments)
            }
        }
    }

    private static func generate(_ words: [ByteString]) throws(UsageError) -> ExitStatus {
        let attached = words[0].bytes.dropFirst("--generate".utf8.count)
        let name = attached.isEmpty ? words.dropFirst().first ?? "" : ByteString(attached.dropFirst())
        guard let contents = GeneratedFiles.contents(of: name.description) else {
            throw UsageError("--generate needs one of \(GeneratedFiles.names.joined(separator: ", "))")
        }
        return show(contents)
    }

    private static func command(named word: ByteString) throws(UsageError) -> Command {
        if let command = Command.all.first(where: { ByteString($0.spec.name) == word }) { return command }
        let name = word.description
        guard !word.starts(with: "-") else {
            let hint = Suggestion.nearest(to: String(name.unicodeScalars.drop { $0 == "-" }), among: Overview.flags.map(\.name))
            throw UsageError(
                "There is no option \(Printable.text(name)) before the command." + (hint.map { " Did you mean --\($0)?" } ?? ""))
        }
        let hint = Suggestion.nearest(to: name, among: Command.all.map(\.spec.name)).map { " Did you mean \($0)?" } ?? ""
        throw UsageError("There is no command \(Printable.text(name)).\(hint)")
    }

    private static func show(_ text: String) -> ExitStatus { Diagnostics.output(text) ? .done : .failed }
}
