import Glibc

/// The terminal's settings: as they were found, and as they are between prompts, when nothing typed shows and no signal key is lost.
struct TerminalMode {
    private let found: termios
    private let quiet: termios
    private let descriptor: Int32

    /// - Returns: nil where the descriptor is no terminal.
    init?(_ descriptor: Int32) {
        var settings = termios()
        guard tcgetattr(descriptor, &settings) == 0 else { return nil }
        self.descriptor = descriptor
        found = settings
        settings.c_lflag &= ~tcflag_t(ECHO | ICANON)
        // What was typed before a signal key stays to be read: where it vanished, who was told that there is something would wait for it.
        settings.c_lflag |= tcflag_t(ISIG | NOFLSH)
        settings.c_iflag |= tcflag_t(ICRNL)
        withUnsafeMutableBytes(of: &settings.c_cc) { keys in
            keys[Int(VMIN)] = 1
            keys[Int(VTIME)] = 0
        }
        quiet = settings
    }

    func restore() { apply(found) }
    func silence() { apply(quiet) }

    private func apply(_ settings: termios) {
        var settings = settings
        // Only when what was written has left, so that no echo changes in the middle of a line; what was typed ahead stays.
        while tcsetattr(descriptor, TCSADRAIN, &settings) != 0, errno == EINTR {}
    }
}
