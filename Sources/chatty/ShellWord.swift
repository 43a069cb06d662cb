import TransferProtocol

/// Quotes a word of a command that a user is to type, where a shell would split or interpret it.
enum ShellWord {
    static func of(_ word: ByteString) -> String {
        guard let text = word.text else {
            // `$'...'`, which bash, zsh and POSIX (2024) know.
            let plain = word.bytes.map { byte in
                let isPlain = byte >= 0x20 && byte < 0x7F && byte != UInt8(ascii: "'") && byte != UInt8(ascii: "\\")
                return isPlain ? String(Unicode.Scalar(byte)) : "\\x" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
            }
            return "$'" + plain.joined() + "'"
        }
        let plain = text.utf8.allSatisfy { byte in
            (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7A || byte >= 0x30 && byte <= 0x39 || "-_./:@%+=".utf8.contains(byte)
        }
        return plain && !text.isEmpty ? text : "'" + text.replacing("'", with: "'\\''") + "'"
    }
}
