import Foundation
import TransferProtocol

/// The variables that the program was started with, as bytes: a home folder may have a name from another time.
typealias ProcessEnvironment = [String: ByteString]

extension ProcessEnvironment {
    /// Of those whose names are UTF-8, as all are that mean something here; of two of one name the first counts, as it does for getenv(3).
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
    /// `~` at the start of a path, as shells have it.
    func expandingHome(_ environment: ProcessEnvironment = .current) -> ByteString {
        guard self == "~" || bytes.starts(with: "~/".utf8), let home = environment["HOME"], !home.isEmpty else { return self }
        return home + ByteString(bytes.dropFirst())
    }
}
