/// The files of the repository that are generated from the table.
enum GeneratedFiles {
    /// Their paths within the repository.
    static let names =
        ["man/chatty.1"] + Command.names.map { "man/chatty-\($0).1" }
        + ["completions/chatty.bash", "completions/_chatty", "completions/chatty.fish"]

    /// The contents of the file with this path; nil if no such file is generated.
    static func contents(of name: String) -> String? {
        let specs = Command.all.map(\.spec)
        switch name {
        case "man/chatty.1": return ManualPage.overview(specs)
        case "completions/chatty.bash": return BashCompletion.script(specs)
        case "completions/_chatty": return ZshCompletion.script(specs)
        case "completions/chatty.fish": return FishCompletion.script(specs)
        default: return specs.first { "man/chatty-\($0.name).1" == name }.map(ManualPage.of)
        }
    }
}
