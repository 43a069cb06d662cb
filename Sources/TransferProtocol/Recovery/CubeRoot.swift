/// The real cube root, by Newton's method: the pure targets import no mathematics library.
/// Within 1e-9 of the truth, relatively, for values up to 1e18 (`CongestionTests`).
func cbrt(_ value: Double) -> Double {
    guard value != 0, value.isFinite else { return value }
    let magnitude = abs(value)
    // A third of the exponent is a start within a factor of two.
    var root = Double(sign: .plus, exponent: Int((Double(magnitude.exponent) / 3).rounded()), significand: 1)
    for _ in 0..<8 { root = (2 * root + magnitude / (root * root)) / 3 }
    return value < 0 ? -root : root
}
