import TransferIO

/// Turns errors of the system and of files into sentences: they begin with a lower-case letter and have no full stop.
enum Sentence {
    static func of(_ error: any Error) -> String {
        let text = "\(error)"
        let whole = text.utf8.last == UInt8(ascii: ".") ? text : text + "."
        return beginsWithName(error) ? whole : whole.prefix(1).uppercased() + whole.dropFirst()
    }

    /// Whether the text begins with the name of a file, which stays as it is.
    private static func beginsWithName(_ error: any Error) -> Bool {
        switch error {
        case is SourceError, is IdentityError, is UnreadPipeError, is ReceivePathError, DestinationError.incomplete: true
        default: false
        }
    }
}
