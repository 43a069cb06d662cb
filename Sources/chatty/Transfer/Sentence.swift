import TransferIO

/// Errors of the system and of files as sentences: they begin small and have no full stop.
enum Sentence {
    static func of(_ error: any Error) -> String {
        let text = "\(error)"
        let whole = text.utf8.last == UInt8(ascii: ".") ? text : text + "."
        return beginsWithName(error) ? whole : whole.prefix(1).uppercased() + whole.dropFirst()
    }

    /// Whether the name of a file comes first, which stays as it is.
    private static func beginsWithName(_ error: any Error) -> Bool {
        switch error {
        case is SourceError, is IdentityError, is UnreadPipeError, is ReceivePathError, DestinationError.incomplete: true
        default: false
        }
    }
}
