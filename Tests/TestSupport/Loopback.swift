import Foundation
import Testing

/// What of this machine's network is not everywhere.
public enum Loopback {
    /// Whether `::1` is an address of its own.
    static let hasIPv6 = (try? String(contentsOfFile: "/proc/net/if_inet6", encoding: .utf8))?.contains(" lo\n") ?? false
}

extension Trait where Self == ConditionTrait {
    /// For tests that use `::1`.
    public static var ipv6: Self { .enabled(if: Loopback.hasIPv6, "this machine's loopback has no IPv6 address") }
}
