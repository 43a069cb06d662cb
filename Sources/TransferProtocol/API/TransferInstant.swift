/// A point on the driver's monotonic clock, in nanoseconds from an arbitrary start.
///
/// The engine never reads a clock: every call that depends on the time takes it as an argument, so that the same code runs under a socket
/// loop and, in virtual time, under the network simulator of the tests.
public struct TransferInstant: Hashable, Comparable, Sendable {
    public var nanoseconds: UInt64

    @inlinable public init(nanoseconds: UInt64) { self.nanoseconds = nanoseconds }

    @inlinable public static func < (a: Self, b: Self) -> Bool { a.nanoseconds < b.nanoseconds }
    @inlinable public static func + (a: Self, b: TransferDuration) -> Self {
        let (sum, overflow) = a.nanoseconds.addingReportingOverflow(UInt64(max(b.nanoseconds, 0)))
        return Self(nanoseconds: overflow ? .max : sum)
    }
    /// The time from `b` to `a`; zero if `b` is later.
    @inlinable public static func - (a: Self, b: Self) -> TransferDuration {
        a.nanoseconds > b.nanoseconds
            ? TransferDuration(nanoseconds: Int64(clamping: a.nanoseconds - b.nanoseconds)) : .zero
    }

    /// The start of the clock.
    public static let zero = TransferInstant(nanoseconds: 0)
    /// Later than every other instant: "never".
    public static let distantFuture = TransferInstant(nanoseconds: .max)
}

/// A length of time in nanoseconds.
public struct TransferDuration: Hashable, Comparable, Sendable {
    public var nanoseconds: Int64

    @inlinable public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    @inlinable public static func microseconds(_ n: Int64) -> Self { Self(nanoseconds: n &* 1_000) }
    @inlinable public static func milliseconds(_ n: Int64) -> Self { Self(nanoseconds: n &* 1_000_000) }
    @inlinable public static func seconds(_ n: Int64) -> Self { Self(nanoseconds: n &* 1_000_000_000) }
    @inlinable public static func seconds(_ n: Double) -> Self {
        Self(nanoseconds: n < 9e9 ? Int64(max(n, 0) * 1e9) : .max)
    }

    /// The same length as a floating-point number of seconds.
    @inlinable public var inSeconds: Double { Double(nanoseconds) / 1e9 }

    @inlinable public static func < (a: Self, b: Self) -> Bool { a.nanoseconds < b.nanoseconds }
    @inlinable public static func + (a: Self, b: Self) -> Self { Self(nanoseconds: a.nanoseconds &+ b.nanoseconds) }
    @inlinable public static func - (a: Self, b: Self) -> Self { Self(nanoseconds: a.nanoseconds &- b.nanoseconds) }
    @inlinable public static func * (a: Self, b: Int64) -> Self {
        let (product, overflow) = a.nanoseconds.multipliedReportingOverflow(by: b)
        return Self(nanoseconds: overflow ? .max : product)
    }
    @inlinable public static func / (a: Self, b: Int64) -> Self { Self(nanoseconds: a.nanoseconds / b) }

    public static let zero = TransferDuration(nanoseconds: 0)
}
