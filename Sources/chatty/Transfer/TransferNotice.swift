import Foundation

/// One line of `--progress json`: an event of a transfer. Fields that do not belong to the event are left out.
struct TransferNotice: Encodable, Sendable {
    enum Event: String, Encodable, Sendable {
        /// The receiver waits: `port`, `ticket`, `addresses`.
        case listening
        /// The handshake is done: `peer`, `key`.
        case connected
        /// A file was offered: `name`, `size`.
        case offered
        /// The receiver had a part of it from before: `name`, `bytes`.
        case resumed
        /// Figures, about twice a second: `bytes`, `total`, `rate`, `eta`, `rtt`, `loss`, `limit`.
        case progress
        /// The receiver's disk is full, or has room again: `paused`.
        case paused
        /// A file is in its final place: `name`, `path`.
        case done
        /// A file will not arrive: `name`, `reason`.
        case failed
        case declined
        /// Something else that people are told: `reason`.
        case note
        /// The transfer is over: `status`, `reason`, `bytes`, `seconds`.
        case end
    }

    var event: Event
    var name: String?
    /// Where the file is, below the folder that was named.
    var path: String?
    var port: Int?
    var ticket: String?
    var addresses: [String]?
    var peer: String?
    /// The fingerprint of the other side's key.
    var key: String?
    var size: UInt64?
    var bytes: UInt64?
    var total: UInt64?
    /// Bytes a second.
    var rate: Double?
    /// Seconds.
    var eta: Double?
    var rtt: Double?
    var seconds: Double?
    /// A share of 1.
    var loss: Double?
    var limit: String?
    var paused: Bool?
    var reason: String?
    /// The exit status.
    var status: Int32?

    init(_ event: Event) {
        self.event = event
    }

    /// The object on one line.
    var line: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // Strings, numbers and booleans always encode; a figure that is not a number is left at its nearest one.
        guard let data = try? encoder.encode(self) else { return "{\"event\":\"\(event.rawValue)\"}\n" }
        return String(decoding: data, as: UTF8.self) + "\n"
    }
}
