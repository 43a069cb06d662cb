import ChatClient
import TransferProtocol

/// Formats the figures of a transfer for people.
enum TransferText {
    /// `16.0 MB`, `340 B`.
    static func bytes(_ count: UInt64) -> String {
        guard let (tenths, unit) = Amount.scaled(count) else { return "\(count) B" }
        return "\(tenths / 10).\(tenths % 10) \(unit)"
    }

    /// ` (16.0 MB)`, after the name of a file; empty if the size is unknown.
    static func size(of offer: FileOffer) -> String { offer.size.map { " (\(bytes($0)))" } ?? "" }

    /// `8.1 MB/s`.
    static func rate(_ bytesPerSecond: Double) -> String { bytes(UInt64(max(0, min(bytesPerSecond, 1e18)))) + "/s" }

    /// `0:07`, `12:34`, `1:02:03`.
    static func clock(_ seconds: Double) -> String {
        Amount.clock(Int(max(0, min(seconds, 359_999)).rounded()))
    }

    /// `0.4 ms`, `12 ms`, `1.5 s`.
    static func delay(_ seconds: Double) -> String {
        if seconds < 0.01 { return "\(tenths(seconds * 1000)) ms" }
        return seconds < 1 ? "\(Int((seconds * 1000).rounded())) ms" : "\(tenths(seconds)) s"
    }

    /// `1.25 %`, `0 %`.
    static func percent(_ share: Double) -> String {
        let hundredths = Int((max(0, min(share, 1)) * 10_000).rounded())
        if hundredths.isMultiple(of: 100) { return "\(hundredths / 100) %" }
        return "\(hundredths / 100).\(Amount.twoDigits(hundredths % 100)) %"
    }

    /// The bottleneck as the end of "limited by"; nil if there is nothing to send.
    static func limit(_ limit: TransferStatistics.Limit) -> String? {
        switch limit {
        case .path: "path"
        case .receiver: "receiver"
        case .source: "source"
        case .limit: "--limit"
        case .relay: "the relay"
        case .cpu: "processor"
        case .disk: "disk"
        case .diskFull: "full disk"
        case .reader: "reader"
        case .senderOrPath: "sender or path"
        case .idle: nil
        }
    }

    static func tenths(_ value: Double) -> String {
        let rounded = Int((value * 10).rounded())
        return "\(rounded / 10).\(rounded % 10)"
    }
}
