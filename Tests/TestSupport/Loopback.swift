import Foundation
import Testing

/// Features of this machine's network that not every machine has.
public enum Loopback {
    /// Whether the loopback has the address `::1`.
    static let hasIPv6 = (try? String(contentsOfFile: "/proc/net/if_inet6", encoding: .utf8))?.contains(" lo\n") ?? false
}

extension Trait where Self == ConditionTrait {
    /// For tests that use `::1`.
    public static var ipv6: Self { .enabled(if: Loopback.hasIPv6, "this machine's loopback has no IPv6 address") }
}
