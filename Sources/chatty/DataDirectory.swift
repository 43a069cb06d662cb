import TransferProtocol

/// The data folder of a subcommand: `--data`, else `$STATE_DIRECTORY` (systemd), else `$XDG_DATA_HOME/chatty`, else
/// `~/.local/share/chatty`.
enum DataDirectory {
    /// Like ``path(option:environment:)``, for a subcommand that cannot run without a data folder.
    static func required(option: ByteString?, environment: ProcessEnvironment, command: String) throws(UsageError) -> ByteString {
        guard let path = path(option: option, environment: environment) else {
            throw UsageError("There is no place for the data folder: give --data or set $HOME.", command: command)
        }
        return path
    }

    /// - Parameter option: the value of `--data`.
    /// - Returns: the path, which need not exist; nil if nothing names one, not even `$HOME`.
    static func path(option: ByteString?, environment: ProcessEnvironment) -> ByteString? {
        if let option { return option }
        // systemd separates several folders by colons; the first is the state folder (systemd.exec(5), StateDirectory=).
        if let state = environment["STATE_DIRECTORY"]?.split(at: ":").first { return state }
        // A relative path in the variable is invalid and has to be ignored (XDG Base Directory Specification).
        if let data = environment["XDG_DATA_HOME"], data.starts(with: "/") { return data + "/chatty" }
        if let home = environment["HOME"], !home.isEmpty { return home + "/.local/share/chatty" }
        return nil
    }
}
