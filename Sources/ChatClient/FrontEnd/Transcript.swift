import Glibc

/// The file of `--log`: all that was shown, appended, readable for its owner alone.
public final class Transcript {
    private let descriptor: Int32

    /// - Returns: nil with `errno` set where it cannot be opened.
    public init?(path: String) {
        descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return nil }
    }

    deinit { close(descriptor) }

    /// One line; its colours are left out. A full disk costs the transcript, not the session.
    func add(_ line: String) {
        let bytes = Array((Transcript.plain(line) + "\n").utf8)
        _ = write(descriptor, bytes, bytes.count)
    }

    private static func plain(_ line: String) -> String {
        guard line.utf8.contains(0x1B) else { return line }
        var out = ""
        var inSequence = false
        for scalar in line.unicodeScalars {
            if scalar == "\u{1B}" {
                inSequence = true
            } else if inSequence {
                if scalar == "m" { inSequence = false }
            } else {
                out.unicodeScalars.append(scalar)
            }
        }
        return out
    }
}
