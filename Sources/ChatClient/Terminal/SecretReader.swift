import Glibc

/// Reads a password from a terminal without echo, outside readline, so that it gets into no history, kill ring or undo list.
struct SecretReader {
    enum Outcome: Equatable {
        case more
        case secret(String)
        case end
    }

    /// The most bytes that are kept, more than the longest password.
    private static let limit = 4096
    private var typed: [UInt8] = []
    private var escape = Escape.none

    /// The state of an escape sequence: a key that sends one, such as an arrow, is no part of a password (ECMA-48 §5.4: `ESC [`,
    /// parameters, a final byte).
    private enum Escape { case none, begun, sequence }

    /// Handles one byte from the keyboard: line end, erase (a character), kill (all), end of file, or a part of the password.
    mutating func handle(_ byte: UInt8) -> Outcome {
        switch escape {
        case .begun:
            escape = byte == UInt8(ascii: "[") || byte == UInt8(ascii: "O") ? .sequence : .none
            if escape == .sequence { return .more }
        case .sequence:
            if byte >= 0x40 && byte <= 0x7E { escape = .none }
            if byte >= 0x20 { return .more }
            escape = .none
        case .none: break
        }
        switch byte {
        case 0x1B: escape = .begun
        case 0x0A, 0x0D:
            defer { typed = [] }
            return .secret(String(decoding: typed, as: UTF8.self))
        case 0x04: return typed.isEmpty ? .end : .more
        case 0x08, 0x7F:
            while let last = typed.popLast(), last & 0xC0 == 0x80 {}
        case 0x15: typed = []
        case 0x00..<0x20: break
        default: if typed.count < SecretReader.limit { typed.append(byte) }
        }
        return .more
    }

    mutating func clear() { typed = [] }
}
