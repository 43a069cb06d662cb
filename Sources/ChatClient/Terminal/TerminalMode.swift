import Glibc

/// The terminal's settings: those before the program, and those between prompts, which show no typed text and lose no signal key.
struct TerminalMode {
    private let found: termios
    private let quiet: termios
    private let descriptor: Int32

    /// - Returns: nil if the descriptor is not a terminal.
    init?(_ descriptor: Int32) {
        var settings = termios()
        guard tcgetattr(descriptor, &settings) == 0 else { return nil }
        self.descriptor = descriptor
        found = settings
        settings.c_lflag &= ~tcflag_t(ECHO | ICANON)
        // A signal key must not discard the input before it: poll may have announced that input already, and a read would block.
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
        // The change waits until the output has been written, so that the echo does not change within a line. Input typed ahead stays.
        while tcsetattr(descriptor, TCSADRAIN, &settings) != 0, errno == EINTR {}
    }
}
