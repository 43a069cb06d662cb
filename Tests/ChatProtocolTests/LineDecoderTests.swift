import ChatProtocol
import TestSupport
import Testing

struct LineDecoderTests {
    private func lines(_ chunks: [[UInt8]], maximum: Int) -> [LineDecoder.Line] {
        var decoder = LineDecoder(maximum: maximum)
        var lines: [LineDecoder.Line] = []
        for chunk in chunks {
            chunk.withUnsafeBytes { decoder.decode($0) { lines.append($0) } }
            #expect(decoder.buffered <= maximum + 1)
        }
        return lines
    }

    @Test func bothLineEnds() {
        #expect(lines([Array("a\r\nbc\n\n\r\nd".utf8)], maximum: 9) == [.line([97]), .line([98, 99]), .line([]), .line([])])
    }

    @Test func longLinesAreToldOnceAndTheNextIsRead() {
        #expect(
            lines([Array("12345\n123456\r\nok\n".utf8)], maximum: 5) == [
                .line(Array("12345".utf8)), .tooLong(beginning: Array("12345".utf8)), .line(Array("ok".utf8)),
            ])
        #expect(lines([Array("12345\r".utf8), Array("\n".utf8)], maximum: 5) == [.line(Array("12345".utf8))])
        #expect(
            lines(Array(repeating: Array("xxxx".utf8), count: 1000) + [Array("\nok\n".utf8)], maximum: 5) == [
                .tooLong(beginning: Array("xxxxx".utf8)), .line(Array("ok".utf8)),
            ])
    }

    /// Dropped bytes are counted, so that they can be charged to their sender.
    @Test func whatIsDroppedIsCounted() {
        var decoder = LineDecoder(maximum: 5)
        func droppedBytes(after text: String) -> Int {
            Array(text.utf8).withUnsafeBytes { decoder.decode($0) { _ in } }
            return decoder.dropped
        }
        #expect(droppedBytes(after: "12345\r\n123") == 0)
        #expect(droppedBytes(after: "45678") == 3)
        #expect(droppedBytes(after: "90123") == 8)
        #expect(droppedBytes(after: "4\r\nok\n") == 10, "the CR that ends it is of it")
        #expect(droppedBytes(after: "1234567\nok\n") == 12)
    }

    /// The lines do not depend on how the bytes are split.
    @Test(arguments: 0..<UInt64(100))
    func cutsDoNotMatter(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let bytes = random.bytes(300, from: Array("ab\n\r".utf8))
        var chunks: [[UInt8]] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = Int.random(in: 1...min(9, rest.count), using: &random)
            chunks.append(Array(rest.prefix(count)))
            rest = rest.dropFirst(count)
        }
        #expect(lines(chunks, maximum: 6) == lines([bytes], maximum: 6))
    }

    @Test func itStopsWhereNoMoreIsTaken() {
        var decoder = LineDecoder(maximum: 8)
        let bytes = Array("ab\ncd\nef".utf8)
        var lines: [LineDecoder.Line] = []
        func decode(from start: Int) -> Int {
            bytes[start...].withUnsafeBytes { rest in
                decoder.decodePrefix(of: rest) { line in
                    lines.append(line)
                    return false
                }
            }
        }
        #expect(decode(from: 0) == 3 && decoder.buffered == 0)
        #expect(decode(from: 3) == 3)
        #expect(decode(from: 6) == 2 && decoder.buffered == 2)
        #expect(lines == [.line(Array("ab".utf8)), .line(Array("cd".utf8))])
    }
}
