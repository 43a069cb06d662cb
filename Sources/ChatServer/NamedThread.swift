import Foundation

/// A thread that tools show under its name.
enum NamedThread {
    /// - Parameter name: at most 15 bytes, the kernel's bound (pthread_setname_np(3)).
    static func start(_ name: String, _ body: @escaping @Sendable () -> Void) {
        Thread.detachNewThread {
            pthread_setname_np(pthread_self(), name)
            body()
        }
    }
}
