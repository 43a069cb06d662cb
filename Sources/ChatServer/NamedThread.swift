import Foundation

/// A thread that tools show under its name.
enum NamedThread {
    /// - Parameter name: at most 15 bytes, the kernel's bound.
    static func start(_ name: String, _ body: @escaping @Sendable () -> Void) {
        Thread.detachNewThread {
            Thread.current.name = name
            body()
        }
    }
}
