/// The stored form of an account's password.
public struct PasswordRecord: Hashable, Sendable {
    /// A PHC string (https://github.com/P-H-C/phc-string-format).
    public let hash: String
    /// See ``Account/passwordGeneration``.
    public let generation: Int

    public init(hash: String, generation: Int) {
        self.hash = hash
        self.generation = generation
    }
}
