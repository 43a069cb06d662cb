import TransferProtocol

/// Where a subcommand keeps its data: `--data`, else `$STATE_DIRECTORY` (systemd), else `$XDG_DATA_HOME/chatty`, else `~/.local/share/chatty`.
enum DataDirectory {
    /// As ``path(option:environment:)``, for a subcommand that can do nothing without.
    static func required(option: ByteString?, environment: ProcessEnvironment, command: String) throws(UsageError) -> ByteString {
        guard let path = path(option: option, environment: environment) else {
            throw UsageError("There is no place for the data folder: give --data or set $HOME.", command: command)
        }
        return path
    }

    /// - Parameter option: the value of `--data`.
    /// - Returns: the path, not yet made; nil where nothing names one, not even `$HOME`.
    static func path(option: ByteString?, environment: ProcessEnvironment) -> ByteString? {
        if let option { return option }
        // systemd lists several folders with colons between them; the first is ours (systemd.exec(5), StateDirectory=).
        if let state = environment["STATE_DIRECTORY"]?.split(at: ":").first { return state }
        // A relative path there is invalid and to be ignored (XDG Base Directory Specification).
        if let data = environment["XDG_DATA_HOME"], data.starts(with: "/") { return data + "/chatty" }
        if let home = environment["HOME"], !home.isEmpty { return home + "/.local/share/chatty" }
        return nil
    }
}
