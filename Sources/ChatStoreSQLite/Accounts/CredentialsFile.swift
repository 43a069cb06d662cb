import ChatProtocol
import SystemSupport

/// A file of names and passwords, one account a line. Blank lines and lines that begin with `#` are skipped.
///
/// The name ends at the first space or tab. The password is the rest, without surrounding spaces.
public struct CredentialsFile: Equatable, Sendable {
    public struct Entry: Equatable, Sendable {
        /// The line number, from 1.
        public let line: Int
        public let name: Name
        public let password: String
    }

    /// A line that is no account, with the reason.
    public struct BadLine: Equatable, Sendable {
        /// The line number, from 1.
        public let line: Int
        public let reason: String
    }

    public private(set) var entries: [Entry] = []
    public private(set) var badLines: [BadLine] = []

    /// Reads the file. It is never written.
    public init(path: String) throws(UserFacingError) {
        self.init(contents: try SmallFile.read("The credentials file", path))
    }

    public init(contents: [UInt8]) {
        var lineOf: [Name: Int] = [:]
        for (index, line) in contents.withoutByteOrderMark.split(separator: 0x0A, omittingEmptySubsequences: false).enumerated() {
            let line = (number: index + 1, bytes: CredentialsFile.trimmed(line))
            guard let first = line.bytes.first, first != UInt8(ascii: "#") else { continue }
            switch CredentialsFile.parse(line.bytes) {
            case .failure(let problem): badLines.append(BadLine(line: line.number, reason: problem.reason))
            case .success(let (name, password)):
                if let earlier = lineOf[name] {
                    badLines.append(BadLine(line: line.number, reason: "line \(earlier) already has the name \(name)"))
                } else {
                    lineOf[name] = line.number
                    entries.append(Entry(line: line.number, name: name, password: password))
                }
            }
        }
    }

    private struct Problem: Error { let reason: String }

    private static func parse(_ line: ArraySlice<UInt8>) -> Result<(Name, String), Problem> {
        guard let text = String(validating: line, as: UTF8.self) else { return .failure(Problem(reason: "the line is not UTF-8")) }
        func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }
        let nameBytes = text.utf8.prefix { !isBlank($0) }
        let password = String(Substring(text.utf8[nameBytes.endIndex...].drop(while: isBlank)))
        do {
            let name = try Name(String(Substring(nameBytes)))
            if let defect = PasswordRule.defect(of: password) { return .failure(Problem(reason: defect.reason)) }
            guard !isHash(password) else { return .failure(Problem(reason: "the password is a hash; write the password itself")) }
            return .success((name, password))
        } catch {
            return .failure(Problem(reason: "the name is not allowed: \(error.reason)"))
        }
    }

    /// Whether a password looks like a hash of crypt(5), PHC or `htpasswd`. Taken as a password it would lock out its owner, and let in
    /// whoever has seen the file.
    private static func isHash(_ password: String) -> Bool {
        let fields = password.pieces(between: "$", omittingEmpty: false)
        guard fields.count >= 4, fields[0].isEmpty else { return false }
        return hashes.contains(fields[1])
    }

    private static let hashes: Set = [
        "1", "2", "2a", "2b", "2x", "2y", "5", "6", "7", "y", "gy", "md5", "apr1", "sha1", "scrypt", "argon2i", "argon2d", "argon2id",
        "pbkdf2",
        "pbkdf2-sha256", "pbkdf2-sha512",
    ]

    private static func trimmed(_ line: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0D }
        var line = line.drop(while: isSpace)
        while let last = line.last, isSpace(last) { line.removeLast() }
        return line
    }
}
