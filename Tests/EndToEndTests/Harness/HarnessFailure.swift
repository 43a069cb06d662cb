import Foundation

/// The failure of an expectation in an end-to-end test; its text contains what was there instead.
struct HarnessFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }

    /// The failure of a system call, from `errno`.
    static func system(_ call: String, _ code: Int32 = errnoNow()) -> HarnessFailure {
        HarnessFailure("\(call): \(String(cString: strerror(code)))")
    }
}
