import Connectivity

/// Notices that this machine is in another network: that its addresses or its default route have changed.
///
/// It belongs to one thread.
public final class LinkWatch {
    private let routes: RouteWatch
    private var before: Set<[NetworkAddress]>

    /// Nil if the system has no such messages, or no descriptor left.
    public init?() {
        guard let routes = try? RouteWatch() else { return nil }
        self.routes = routes
        before = Self.present()
    }

    /// Readable when something may have changed.
    public var descriptor: Int32 { routes.descriptor }

    /// Whether the addresses or the interface of the default route are others than at the last call. Costs one system call if nothing has
    /// happened.
    public func hasChanged() -> Bool {
        guard routes.clear() else { return false }
        let now = Self.present()
        defer { before = now }
        return now != before
    }

    /// For each interface with a carrier its addresses, marked if it has the default route.
    private static func present() -> Set<[NetworkAddress]> {
        Set(
            NetworkInterface.all().filter { $0.kind != .loopback && $0.hasCarrier }.map { interface in
                let mark = NetworkAddress(high: 0, low: interface.hasDefaultRoute ? 1 : 0, port: 0, scope: interface.index)
                return [mark] + interface.addresses.sorted { ($0.high, $0.low) < ($1.high, $1.low) }
            })
    }
}
