import Foundation
import TransferProtocol

/// The environment variables of the process. Their values are bytes, because a path need not be UTF-8.
typealias ProcessEnvironment = [String: ByteString]

extension ProcessEnvironment {
    /// The variables whose names are UTF-8, as are all that chatty reads. Of two with one name the first counts, as for getenv(3).
    static let current: ProcessEnvironment = {
        var variables: ProcessEnvironment = [:]
        var entry = environ
        while let line = entry.pointee {
            let bytes = ByteString(cString: line).bytes
            if let sign = bytes.firstIndex(of: UInt8(ascii: "=")), let name = ByteString(bytes[..<sign]).text, variables[name] == nil {
                variables[name] = ByteString(bytes[(sign + 1)...])
            }
            entry += 1
        }
        return variables
    }()
}

extension ByteString {
    /// The path with `~` at its start expanded, as in shells.
    func expandingHome(_ environment: ProcessEnvironment = .current) -> ByteString {
        guard self == "~" || bytes.starts(with: "~/".utf8), let home = environment["HOME"], !home.isEmpty else { return self }
        return home + ByteString(bytes.dropFirst())
    }
}
