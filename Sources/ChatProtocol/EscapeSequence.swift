/// Finds terminal control sequences (ECMA-48 §5) and IRC colour codes (modern.ircdocs.horse/formatting) in foreign text, each as a whole,
/// so that none of their parameters stays behind as text.
///
/// The work is linear in the length of any text; `WorkPerByteTests` holds that.
struct EscapeSequence {
    /// The text without its sequences; other control characters stay.
    static func removed(from text: String) -> String {
        guard text.unicodeScalars.contains(where: { isBeginning($0.value) }) else { return text }
        let finder = EscapeSequence(Array(text.unicodeScalars))
        var out = String.UnicodeScalarView()
        var index = 0
        while index < finder.scalars.count {
            let length = finder.length(at: index)
            if length == 0 { out.append(finder.scalars[index]) }
            index += max(1, length)
        }
        return String(out)
    }

    private static func isBeginning(_ value: UInt32) -> Bool {
        value == 0x03 || value == 0x04 || value == 0x1B || (0x80...0x9F).contains(value)
    }

    private let scalars: [Unicode.Scalar]
    /// The last positions at which a command string can end: at BEL or ST, and at the `ESC` of `ESC \`. A string that begins after both has
    /// no end, so the search for one is skipped.
    private let lastEnd: Int
    private let lastEscapedEnd: Int

    private init(_ scalars: [Unicode.Scalar]) {
        self.scalars = scalars
        lastEnd = scalars.lastIndex { $0.value == 0x07 || $0.value == 0x9C } ?? -1
        lastEscapedEnd = scalars.indices.dropLast().last { scalars[$0].value == 0x1B && scalars[$0 + 1].value == 0x5C } ?? -1
    }

    /// The number of scalars of the sequence that begins at `start`; 0 if none does.
    private func length(at start: Int) -> Int {
        var introducer = scalars[start].value
        var next = start + 1
        if introducer == 0x1B {
            guard next < scalars.count, case let second = scalars[next].value, second >= 0x20, second <= 0x7E else { return 1 }
            // `ESC`, intermediate bytes, a final byte: such as `ESC ( B` and `ESC c`.
            guard (0x40...0x5F).contains(second) else { return end(of: 0x20...0x2F, 0x30...0x7E, from: next) - start }
            // The 7-bit form of a C1 control: `ESC [` is CSI.
            introducer = second + 0x40
            next += 1
        }
        switch introducer {
        // A colour is a number of one or two decimal digits, or of six hexadecimal ones. A comma and a second number give the background.
        case 0x03: return endOfColour(from: next, 1...2, \.isDecimal) - start
        case 0x04: return endOfColour(from: next, 6...6, \.isHexadecimal) - start
        case 0x9B: return end(of: 0x20...0x3F, 0x40...0x7E, from: next) - start
        case 0x90, 0x98, 0x9D, 0x9E, 0x9F: return endOfString(from: next).map { $0 - start } ?? next - start
        case 0x80...0x9F: return next - start
        default: return 0
        }
    }

    /// The position after a colour and its background. A comma without a number on both sides is text.
    private func endOfColour(from start: Int, _ digits: ClosedRange<Int>, _ isDigit: (Unicode.Scalar) -> Bool) -> Int {
        func end(from index: Int) -> Int? {
            let found = scalars[min(index, scalars.count)...].prefix(digits.upperBound).prefix(while: isDigit)
            return found.count >= digits.lowerBound ? found.endIndex : nil
        }
        guard let foreground = end(from: start) else { return start }
        guard foreground < scalars.count, scalars[foreground] == ",", let background = end(from: foreground + 1) else { return foreground }
        return background
    }

    /// The position after any scalars in `inner` and one in `last`.
    private func end(of inner: ClosedRange<UInt32>, _ last: ClosedRange<UInt32>, from start: Int) -> Int {
        var index = start
        while index < scalars.count, inner.contains(scalars[index].value) { index += 1 }
        return index < scalars.count && last.contains(scalars[index].value) ? index + 1 : index
    }

    /// The position after a command string, which ends in BEL or ST; nil if it has no end: then it is text.
    private func endOfString(from start: Int) -> Int? {
        guard lastEnd >= start || lastEscapedEnd >= start else { return nil }
        for index in start..<scalars.count {
            switch scalars[index].value {
            case 0x07, 0x9C: return index + 1
            case 0x5C where index > start && scalars[index - 1].value == 0x1B: return index + 1
            default: break
            }
        }
        return nil
    }
}

extension Unicode.Scalar {
    fileprivate var isDecimal: Bool { ("0"..."9").contains(self) }
    fileprivate var isHexadecimal: Bool { isDecimal || ("a"..."f").contains(self) || ("A"..."F").contains(self) }
}
