/// Name, version and licence of the program.
enum Product {
    static let version = Changes.current.number
    /// The date of the version, as the manual pages show it.
    static let date = Changes.current.date
    static let summary = "chat and file transfer for people who live in terminals"
    static let licence = "GPL-3.0-or-later"
}
