import NIOConcurrencyHelpers
import TransferProtocol

/// The names that the files of one transfer got, or will have, each of which is one file's: none takes the place of another, whatever
/// may be overwritten. Held by `DestinationFileTests`.
public final class PlacedNames: Sendable {
    private let names = NIOLockedValueBox<Set<SafeName>>([])

    public init() {}

    /// - Returns: false where another file has the name.
    func claim(_ name: SafeName) -> Bool { names.withLockedValue { $0.insert(name).inserted } }
    func release(_ name: SafeName) { _ = names.withLockedValue { $0.remove(name) } }
}
