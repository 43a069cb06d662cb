/// An error shown to a person in one line, without `chatty: ` before it: why a server does not start, for example.
public struct UserFacingError: Error, Equatable, Sendable, CustomStringConvertible {
    public let description: String

    public init(_ description: String) { self.description = description }

    /// An error that ends with the system's text for an error number.
    public static func system(_ what: String, _ code: Int32) -> UserFacingError { UserFacingError("\(what): \(SystemError.text(code))") }
}
