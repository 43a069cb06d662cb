/// Commands by which the shells' completions find the known servers and receivers, in two files of the data folder. They print only what
/// can be a name or an address, because a shell expands words. Held by `CompletionTests` of the end-to-end tests.
enum KnownPlaces {
    /// A command that prints the names of the servers, a line each.
    static let servers =
        #"sed -n 's/^\[\{0,1\}\([A-Za-z0-9._:-]*\)\]\{0,1\}:[0-9]* .*/\1/p' "# + folder(#"known_hosts" 2>/dev/null"#)
    /// A command that prints the receivers as `HOST:PORT`, a line each.
    static let receivers = #"sed -n 's/^\([A-Za-z0-9._:[-]*\]\{0,1\}:[0-9]*\) .*/\1/p' "# + folder(#"known-receivers" 2>/dev/null"#)

    private static func folder(_ file: String) -> String { #""${XDG_DATA_HOME:-$HOME/.local/share}/chatty/"# + file }
}
