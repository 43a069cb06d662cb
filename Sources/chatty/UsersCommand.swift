import ChatProtocol
import ChatServer
import ChatStoreSQLite
import Foundation
import SystemSupport
import TransferProtocol

/// `chatty users`.
enum UsersCommand {
    static func run(_ arguments: Arguments) async throws(UsageError) -> ExitStatus {
        if let server = arguments[UsersFlags.server] { return try await ask(server, arguments) }
        try refuseServerOptions(arguments)
        let paths = TextPath(command: UsersFlags.spec.name)
        let path = try DataDirectory.required(
            option: arguments[UsersFlags.data], environment: .current, command: UsersFlags.spec.name)
        let folder = DataFolder(try paths.folder(path, make: ["add", "import"].contains(arguments.action)))
        let passwordFile = try arguments[UsersFlags.passwordFile].map { (path) throws(UsageError) in try paths.file(path, for: .read) }
        let importedFile = try arguments.has(UsersFlags.file) ? paths.file(arguments[UsersFlags.file], for: .read) : ""
        do {
            return try perform(arguments, folder, passwordFile: passwordFile, importedFile: importedFile)
        } catch {
            Diagnostics.report(Printable.text("\(error)"))
            return .failed
        }
    }

    /// Refuses the options of `--server` without it. If they were ignored, a script that has lost `--server` would show something else.
    private static func refuseServerOptions(_ arguments: Arguments) throws(UsageError) {
        let setsPassword = ["add", "passwd"].contains(arguments.action)
        var names = [UsersFlags.user, UsersFlags.fingerprint].filter { arguments.has($0) }.map(\.spec.name)
        if !setsPassword, arguments.has(UsersFlags.passwordFile) { names.append(UsersFlags.passwordFile.spec.name) }
        if let name = names.first { throw UsageError("--\(name) works only with --server.", command: UsersFlags.spec.name) }
        if arguments[UsersFlags.acceptNew] {
            throw UsageError("--\(UsersFlags.acceptNew.spec.name) works only with --server.", command: UsersFlags.spec.name)
        }
    }

    private static func perform(
        _ arguments: Arguments, _ folder: DataFolder, passwordFile: String?, importedFile: String
    ) throws -> ExitStatus {
        switch arguments.action {
        case "add": return try add(arguments, folder, passwordFile)
        case "passwd":
            let name = try name(arguments[UsersFlags.name])
            let book = try existing(folder)
            guard try book.list().contains(where: { $0.name == name }) else { throw UserFacingError("There is no account \(name).") }
            return try withPassword(passwordFile) { try book.setPassword(of: name, to: $0) }
        case "remove": try existing(folder).remove(name(arguments[UsersFlags.name]))
        case "block": try existing(folder).setBlocked(name(arguments[UsersFlags.name]), true)
        case "unblock": try existing(folder).setBlocked(name(arguments[UsersFlags.name]), false)
        case "export": return try export(name(arguments[UsersFlags.name]), existing(folder))
        case "import": return try importFile(importedFile, arguments, folder)
        default: return try list(existing(folder), arguments)
        }
        return .done
    }

    /// Asks a server through `chatty connect` and shows its answers.
    private static func ask(_ server: String, _ arguments: Arguments) async throws(UsageError) -> ExitStatus {
        guard arguments[UsersFlags.online] else { throw UsageError("--server works only with --online.", command: UsersFlags.spec.name) }
        guard let user = arguments[UsersFlags.user] else { throw UsageError("--server needs --user.", command: UsersFlags.spec.name) }
        guard let place = ServerPlace(server) else {
            throw UsageError("--server needs HOST or HOST:PORT, not \(Printable.text(server))", command: UsersFlags.spec.name)
        }
        let hasPassword = arguments.has(UsersFlags.passwordFile) || ProcessEnvironment.current["CHATTY_PASSWORD"] != nil
        guard hasPassword || isatty(STDIN_FILENO) == 1 else {
            throw UsageError(
                "--server needs --password-file or $CHATTY_PASSWORD if stdin is not a terminal.", command: UsersFlags.spec.name)
        }
        var words: [ByteString] = [ByteString("--user=\(user)"), "--command=/activeuser"]
        if arguments[UsersFlags.acceptNew] { words.append("--accept-new") }
        if let print = arguments[UsersFlags.fingerprint] { words.append(ByteString("--\(UsersFlags.fingerprint.spec.name)=\(print)")) }
        for flag in [UsersFlags.passwordFile, UsersFlags.data] {
            if let value = arguments[flag] { words.append(ByteString("--\(flag.spec.name)=") + value) }
        }
        words += ["--", ByteString(place.host)] + (place.port.map { [ByteString(String($0))] } ?? [])
        do throws(UsageError) {
            guard case .run(let asked) = try ArgumentParser(spec: ConnectFlags.spec).parse(words) else { return .usage }
            let json = arguments[UsersFlags.json]
            return try await ConnectCommand.run(
                asked, answers: { json ? AccountRow.json($0) : SafeText.shown($0.text, isolates: false) })
        } catch {
            // The user has typed this subcommand, so its help explains the options.
            throw UsageError(error.message, command: UsersFlags.spec.name)
        }
    }

    private static func list(_ book: AccountBook, _ arguments: Arguments) throws -> ExitStatus {
        let json = arguments[UsersFlags.json]
        let rows = try book.list().filter { $0.isActive || !arguments[UsersFlags.online] }.map { AccountRow($0) }
        let text = json ? rows.map(\.json).joined() : AccountRow.table(rows)
        return Diagnostics.output(text) ? .done : .failed
    }

    private static func add(_ arguments: Arguments, _ folder: DataFolder, _ passwordFile: String?) throws -> ExitStatus {
        let names = try arguments[UsersFlags.names].map(name)
        guard Set(names).count == names.count else { throw UserFacingError("A name is given twice.") }
        try folder.prepare()
        let book = AccountBook(try Store(folder))
        let taken = Set(try book.list().map(\.name))
        if let name = names.first(where: taken.contains) { throw UserFacingError("There is an account \(name) already.") }
        return try withPassword(passwordFile) {
            try book.add(names, password: $0, at: .now)
            reportDone("Added \(names.map(\.text).joined(separator: ", "))", folder)
        }
    }

    /// Reports the data folder, so that a person sees whether it is the one of their server. Scripts get no message.
    private static func reportDone(_ deed: String, _ folder: DataFolder) {
        guard isatty(STDERR_FILENO) == 1 else { return }
        Diagnostics.report(Printable.text("\(deed) in the data folder \(folder.path)."))
    }

    private static func importFile(_ path: String, _ arguments: Arguments, _ folder: DataFolder) throws -> ExitStatus {
        let file = try path == "-" ? CredentialsFile(contents: standardInput()) : CredentialsFile(path: path)
        let shown = path == "-" ? "stdin" : Printable.text(arguments[UsersFlags.file].description)
        for bad in file.badLines { Diagnostics.report("\(shown):\(bad.line): \(bad.reason)") }
        if arguments[UsersFlags.strict], !file.badLines.isEmpty {
            Diagnostics.report("Nothing was added.")
            return .failed
        }
        try folder.prepare()
        let imported = try AccountBook(Store(folder)).add(file.entries, at: .now)
        reportDone("Imported", folder)
        Diagnostics.output("added \(imported.added.count), there already \(imported.present.count), bad \(file.badLines.count)\n")
        return file.badLines.isEmpty ? .done : .failed
    }

    private static func standardInput() throws -> [UInt8] {
        do { return [UInt8](try FileHandle.standardInput.readToEnd() ?? Data()) } catch { throw UserFacingError("stdin cannot be read.") }
    }

    private static func export(_ name: Name, _ book: AccountBook) throws -> ExitStatus {
        var isRead = true
        try book.export(name) { line in
            isRead = Diagnostics.output(line)
            return isRead
        }
        return isRead ? .done : .failed
    }

    private static func withPassword(_ file: String?, _ body: (String) throws -> Void) throws -> ExitStatus {
        switch PasswordInput.read(file: file) {
        case .password(let password):
            try body(password)
            return .done
        case .interrupted: return .endedByInterrupt
        case .failed(let reason): throw UserFacingError(reason)
        }
    }

    private static func existing(_ folder: DataFolder) throws -> AccountBook {
        guard folder.hasStore else { throw UserFacingError("There is no data of a chatty server in \(folder.path).") }
        return AccountBook(try Store(folder))
    }

    private static func name(_ text: String) throws -> Name {
        do { return try Name(text) } catch { throw UserFacingError("The user name \(text) is not allowed: \(error.reason).") }
    }
}

extension Timestamp {
    fileprivate static var now: Timestamp { Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1000)) }
}
