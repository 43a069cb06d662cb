import Foundation

/// What an end-to-end test waited for and did not get; its text holds what was there instead.
struct HarnessFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }

    /// A failed system call, from `errno`.
    static func system(_ call: String, _ code: Int32 = errnoNow()) -> HarnessFailure {
        HarnessFailure("\(call): \(String(cString: strerror(code)))")
    }
}
