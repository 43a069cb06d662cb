import TransferProtocol

/// The random generator of the tests. It repeats by its seed, so that a failing case can be run again.
public struct SeededGenerator: RandomNumberGenerator, Sendable {
    private var base: SplitMix

    public init(seed: UInt64) { base = SplitMix(seed: seed) }

    public mutating func next() -> UInt64 { base.next() }

    /// Incompressible bytes that differ at every place, so that a misplaced one is detected; cheap enough for megabytes.
    public mutating func bytes(_ count: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count + 8)
        while bytes.count < count { withUnsafeBytes(of: next()) { bytes.append(contentsOf: $0) } }
        return Array(bytes.prefix(count))
    }

    /// - Parameter alphabet: the bytes to choose from; nil for any.
    public mutating func bytes(_ count: Int, from alphabet: [UInt8]?) -> [UInt8] {
        guard let alphabet else { return bytes(count) }
        return (0..<count).map { _ in alphabet.randomElement(using: &self) ?? 0 }
    }
}
