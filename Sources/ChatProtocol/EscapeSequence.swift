/// Control sequences as terminals take them (ECMA-48 §5), found in text of others so that none of their parts is left as litter.
enum EscapeSequence {
    /// The text without them; other control characters stay.
    static func removed(from text: String) -> String {
        guard text.unicodeScalars.contains(where: { $0.value == 0x1B || (0x80...0x9F).contains($0.value) }) else { return text }
        var rest = text.unicodeScalars[...]
        var out = String.UnicodeScalarView()
        while let scalar = rest.first {
            let length = length(of: rest)
            if length == 0 { out.append(scalar) }
            rest = rest.dropFirst(max(1, length))
        }
        return String(out)
    }

    /// The scalars of the sequence that `text` begins with; 0 where it begins with none.
    private static func length(of text: Substring.UnicodeScalarView) -> Int {
        guard let first = text.first?.value else { return 0 }
        var rest = text.dropFirst()
        var introducer = first
        var taken = 1
        if first == 0x1B {
            guard let second = rest.first?.value, second >= 0x20, second <= 0x7E else { return 1 }
            guard (0x40...0x5F).contains(second) else { return plainLength(rest) }
            // The 7-bit form of a C1 control: `ESC [` is CSI.
            introducer = second + 0x40
            taken = 2
            rest = rest.dropFirst()
        }
        switch introducer {
        case 0x9B:
            let inner = rest.prefix { (0x20...0x3F).contains($0.value) }.count
            let end = rest.dropFirst(inner).first.map { (0x40...0x7E).contains($0.value) } ?? false
            return taken + inner + (end ? 1 : 0)
        case 0x90, 0x98, 0x9D, 0x9E, 0x9F: return taken + stringLength(rest)
        case 0x80...0x9F: return taken
        default: return 0
        }
    }

    /// `ESC`, intermediate bytes, a final byte: `ESC ( B`, `ESC c`.
    private static func plainLength(_ rest: Substring.UnicodeScalarView) -> Int {
        let inner = rest.prefix { (0x20...0x2F).contains($0.value) }.count
        let end = rest.dropFirst(inner).first.map { (0x30...0x7E).contains($0.value) } ?? false
        return 1 + inner + (end ? 1 : 0)
    }

    /// A command string up to BEL or ST; nothing of it where it has no end: then it is text.
    private static func stringLength(_ rest: Substring.UnicodeScalarView) -> Int {
        var count = 0
        var previous: UInt32 = 0
        for scalar in rest {
            count += 1
            if scalar.value == 0x07 || scalar.value == 0x9C || (previous == 0x1B && scalar == "\\") { return count }
            previous = scalar.value
        }
        return 0
    }
}
