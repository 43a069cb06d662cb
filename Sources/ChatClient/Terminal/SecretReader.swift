import Glibc

/// Reads a password from a terminal that shows nothing, outside readline: so it gets into no history, kill ring or undo list.
struct SecretReader {
    enum Outcome: Equatable {
        case more
        case secret(String)
        case end
    }

    /// More than any password that a server takes.
    private static let limit = 4096
    private var typed: [UInt8] = []
    private var escape = Escape.none

    /// A key that sends a sequence (an arrow, say) is no part of a password (ECMA-48 §5.4: `ESC [`, parameters, a final byte).
    private enum Escape { case none, begun, sequence }

    /// Takes one byte as the keyboard gives it: line end, erase (a character), kill (all), end of file, or a part of the password.
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
