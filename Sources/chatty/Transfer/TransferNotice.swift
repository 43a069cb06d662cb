import Foundation

/// One line of `--progress json`: an event of a transfer. ``Event/fields(_:)`` lists its fields, and the manual pages show that list.
struct TransferNotice: Encodable, Sendable {
    var event: Event
    var name: String?
    var path: String?
    var port: Int?
    var ticket: String?
    var code: String?
    var addresses: [String]?
    var peer: String?
    var key: String?
    var size: UInt64?
    var files: UInt64?
    var bytes: UInt64?
    var total: UInt64?
    var rate: Double?
    var eta: Double?
    var rtt: Double?
    var seconds: Double?
    var loss: Double?
    var limit: String?
    var paused: Bool?
    var reason: String?
    var status: Int32?

    init(_ event: Event) {
        self.event = event
    }

    /// The object on one line.
    var line: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // Strings, numbers and booleans always encode; a value that is not a number is replaced by the nearest number.
        guard let data = try? encoder.encode(self) else { return "{\"event\":\"\(event.rawValue)\"}\n" }
        return String(decoding: data, as: UTF8.self) + "\n"
    }

    enum Event: String, CaseIterable, Encodable, Sendable {
        case listening
        case mapped
        case code
        case connected
        case offered
        case resumed
        case progress
        case paused
        case done
        case declined
        case failed
        case note
        case end
    }

    /// The names of the fields; `event` is in every line.
    enum Field: String, CaseIterable {
        case name
        case path
        case port
        case ticket
        case code
        case addresses
        case peer
        case key
        case size
        case files
        case bytes
        case total
        case rate
        case eta
        case rtt
        case seconds
        case loss
        case limit
        case paused
        case reason
        case status
    }
}
