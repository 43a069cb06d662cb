extension SeededGenerator {
    /// A copy of the bytes with some of them changed, left out, doubled, moved or replaced by bytes that parsers trip over.
    public mutating func mutated(_ original: [UInt8]) -> [UInt8] {
        var bytes = original
        for _ in 0..<Int.random(in: 1...12, using: &self) {
            guard !bytes.isEmpty else { break }
            let at = Int.random(in: 0..<bytes.count, using: &self)
            let end = min(bytes.count, at + Int.random(in: 1...24, using: &self))
            switch Int.random(in: 0..<7, using: &self) {
            case 0: bytes[at] = UInt8.random(in: 0...255, using: &self)
            case 1: bytes.removeSubrange(at..<end)
            case 2: bytes.insert(contentsOf: bytes[at..<end], at: at)
            case 3:
                let piece = Array(bytes[at..<end])
                bytes.removeSubrange(at..<end)
                bytes.insert(contentsOf: piece, at: Int.random(in: 0...bytes.count, using: &self))
            case 4:
                let odd: [[UInt8]] = [
                    [0], [0x0D], [0x0A], [0x1B, 0x5B], [0xFF, 0xFE], [0xED, 0xA0, 0x80], [0xE2, 0x80, 0xAE], [0x20, 0x3A], [0x40], [0x3A],
                    Array("99999999999999999999".utf8), Array("-1".utf8), [0xF0, 0x9F],
                ]
                bytes.insert(contentsOf: odd.randomElement(using: &self) ?? [], at: at)
            case 5: bytes.insert(contentsOf: Array(repeating: bytes[at], count: Int.random(in: 1...6000, using: &self)), at: at)
            default: bytes.swapAt(at, Int.random(in: 0..<bytes.count, using: &self))
            }
        }
        return bytes
    }
}
