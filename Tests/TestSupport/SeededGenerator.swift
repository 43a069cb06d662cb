/// The random generator of the tests, SplitMix64 (Steele, Lea and Flood 2014): it repeats by its seed, so that a failing case can be run
/// again. The transfer's simulator, which benchmarks use too, has the one of `TransferProtocol`.
public struct SeededGenerator: RandomNumberGenerator, Sendable {
    private var state: UInt64

    public init(seed: UInt64) { state = seed }

    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

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
