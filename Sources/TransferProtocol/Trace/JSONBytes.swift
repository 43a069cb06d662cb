/// Writes JSON (RFC 8259) as bytes, without a value in between: a trace has an object for each packet.
///
/// Keys are literals of this program and need no escapes.
struct JSONBytes {
    private(set) var bytes: [UInt8] = []
    /// Whether the next key or element needs a comma before it.
    private var needsComma = false

    mutating func append(raw byte: UInt8) { bytes.append(byte) }

    /// A value that stands for itself.
    mutating func document(_ body: (inout Self) -> Void) {
        needsComma = false
        object(nil, body)
        needsComma = false
    }

    mutating func object(_ key: StaticString? = nil, _ body: (inout Self) -> Void) {
        begin(key, 0x7B)
        body(&self)
        end(0x7D)
    }

    mutating func array(_ key: StaticString? = nil, _ body: (inout Self) -> Void) {
        begin(key, 0x5B)
        body(&self)
        end(0x5D)
    }

    mutating func number(_ key: StaticString? = nil, _ value: UInt64) {
        name(key)
        digits(value)
    }

    mutating func number(_ key: StaticString? = nil, _ value: Int) {
        if value < 0 {
            name(key)
            bytes.append(0x2D)
            digits(UInt64(value.magnitude))
        } else {
            number(key, UInt64(value))
        }
    }

    /// Milliseconds with six digits behind the point.
    mutating func milliseconds(_ key: StaticString, _ time: TransferDuration) {
        let nanoseconds = UInt64(max(time.nanoseconds, 0))
        name(key)
        digits(nanoseconds / 1_000_000)
        let rest = nanoseconds % 1_000_000
        if rest == 0 { return }
        bytes.append(0x2E)
        var unit: UInt64 = 100_000
        while unit > 0 {
            bytes.append(0x30 + UInt8(rest / unit % 10))
            unit /= 10
        }
    }

    mutating func boolean(_ key: StaticString, _ value: Bool) {
        name(key)
        literal(value ? "true" : "false")
    }

    /// A string of this program, which needs no escapes.
    mutating func literal(_ key: StaticString? = nil, string value: StaticString) {
        name(key)
        bytes.append(0x22)
        literal(value)
        bytes.append(0x22)
    }

    mutating func string(_ key: StaticString? = nil, _ value: String) {
        name(key)
        bytes.append(0x22)
        for byte in value.utf8 {
            switch byte {
            case 0x22, 0x5C: bytes += [0x5C, byte]
            case 0..<0x20, 0x7F:
                bytes += [0x5C, 0x75, 0x30, 0x30, Self.hexadecimal(byte >> 4), Self.hexadecimal(byte & 15)]
            default: bytes.append(byte)
            }
        }
        bytes.append(0x22)
    }

    private static func hexadecimal(_ digit: UInt8) -> UInt8 { digit < 10 ? 0x30 + digit : 0x57 + digit }

    private mutating func begin(_ key: StaticString?, _ bracket: UInt8) {
        name(key)
        bytes.append(bracket)
        needsComma = false
    }

    private mutating func end(_ bracket: UInt8) {
        bytes.append(bracket)
        needsComma = true
    }

    private mutating func name(_ key: StaticString?) {
        if needsComma { bytes.append(0x2C) }
        needsComma = true
        guard let key else { return }
        bytes.append(0x22)
        literal(key)
        bytes.append(0x22)
        bytes.append(0x3A)
    }

    private mutating func literal(_ text: StaticString) {
        bytes.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    private mutating func digits(_ value: UInt64) {
        if value >= 10 { digits(value / 10) }
        bytes.append(0x30 + UInt8(value % 10))
    }
}
