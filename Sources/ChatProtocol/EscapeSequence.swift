/// Control sequences as terminals take them (ECMA-48 §5), and the colours of IRC's clients (modern.ircdocs.horse/formatting), found in text of others so that
/// none of their parts is left as litter.
///
/// In one pass, whatever the text is: held by `WorkPerByteTests`.
struct EscapeSequence {
    /// The text without them; other control characters stay.
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
    /// The last place at which a command string that began before can end: in BEL or ST, and in `ESC \`, of which this is the `ESC`. Behind both a string has no end,
    /// and nobody need look for it.
    private let lastEnd: Int
    private let lastEscapedEnd: Int

    private init(_ scalars: [Unicode.Scalar]) {
        self.scalars = scalars
        lastEnd = scalars.lastIndex { $0.value == 0x07 || $0.value == 0x9C } ?? -1
        lastEscapedEnd = scalars.indices.dropLast().last { scalars[$0].value == 0x1B && scalars[$0 + 1].value == 0x5C } ?? -1
    }

    /// The scalars of the sequence that begins there; 0 where none does.
    private func length(at start: Int) -> Int {
        var introducer = scalars[start].value
        var next = start + 1
        if introducer == 0x1B {
            guard next < scalars.count, case let second = scalars[next].value, second >= 0x20, second <= 0x7E else { return 1 }
            // `ESC`, intermediate bytes, a final byte: `ESC ( B`, `ESC c`.
            guard (0x40...0x5F).contains(second) else { return end(of: 0x20...0x2F, 0x30...0x7E, from: next) - start }
            // The 7-bit form of a C1 control: `ESC [` is CSI.
            introducer = second + 0x40
            next += 1
        }
        switch introducer {
        // A number of one or two digits, or six hexadecimal ones; behind a comma another for the background.
        case 0x03: return endOfColour(from: next, 1...2, \.isDecimal) - start
        case 0x04: return endOfColour(from: next, 6...6, \.isHexadecimal) - start
        case 0x9B: return end(of: 0x20...0x3F, 0x40...0x7E, from: next) - start
        case 0x90, 0x98, 0x9D, 0x9E, 0x9F: return endOfString(from: next).map { $0 - start } ?? next - start
        case 0x80...0x9F: return next - start
        default: return 0
        }
    }

    /// A comma with no number on both sides of it is text.
    private func endOfColour(from start: Int, _ digits: ClosedRange<Int>, _ isDigit: (Unicode.Scalar) -> Bool) -> Int {
        func end(from index: Int) -> Int? {
            let found = scalars[min(index, scalars.count)...].prefix(digits.upperBound).prefix(while: isDigit)
            return found.count >= digits.lowerBound ? found.endIndex : nil
        }
        guard let foreground = end(from: start) else { return start }
        guard foreground < scalars.count, scalars[foreground] == ",", let background = end(from: foreground + 1) else { return foreground }
        return background
    }

    /// Behind those of the first range that stand there, and one of the second.
    private func end(of inner: ClosedRange<UInt32>, _ last: ClosedRange<UInt32>, from start: Int) -> Int {
        var index = start
        while index < scalars.count, inner.contains(scalars[index].value) { index += 1 }
        return index < scalars.count && last.contains(scalars[index].value) ? index + 1 : index
    }

    /// Behind a command string up to BEL or ST; nil where it has no end: then it is text.
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
