/// Why a server does not start, or an account is not changed: one line for a person, without `chatty: ` before it.
public struct ServerError: Error, Equatable, Sendable, CustomStringConvertible {
    public let description: String

    public init(_ description: String) { self.description = description }

    /// What the system says of an `errno`.
    static func system(_ what: String, _ code: Int32) -> ServerError { ServerError("\(what): \(SystemError.text(code))") }
}
