import ChatClient
import TransferProtocol

/// Formats the figures of a transfer as one line of a terminal.
enum ProgressLine {
    /// `movie.mp4  45 %  12.3 MB of 27.0 MB  8.1 MB/s  ETA 0:02  RTT 12 ms  loss 0.1 %  limited by path`. If that does not fit into one
    /// column less than `columns`, the least important parts are left out.
    static func text(
        name: String, figures: TransferStatistics, rate: Double, remaining: Double?, loss: Double, columns: Int
    ) -> String {
        // The parts in the order of the line, each with its rank in importance.
        var parts: [(rank: Int, text: String)] = []
        if figures.bytesTotal > 0 {
            let percent = Int(Double(figures.bytesDone) / Double(figures.bytesTotal) * 100)
            parts.append((0, "\(min(percent, 100)) %"))
            parts.append((4, "\(TransferText.bytes(figures.bytesDone)) of \(TransferText.bytes(figures.bytesTotal))"))
        } else {
            parts.append((0, TransferText.bytes(figures.bytesDone)))
        }
        parts.append((1, TransferText.rate(rate)))
        if let remaining { parts.append((2, "ETA \(TransferText.clock(remaining))")) }
        parts.append((5, "RTT \(TransferText.delay(figures.smoothedRTT.inSeconds))"))
        parts.append((6, "loss \(TransferText.percent(loss))"))
        if let limit = TransferText.limit(figures.limit) { parts.append((3, "limited by \(limit)")) }
        func tail() -> String { parts.map(\.text).joined(separator: "  ") }
        while parts.count > 1, tail().count > columns - 12, let least = parts.indices.max(by: { parts[$0].rank < parts[$1].rank }) {
            parts.remove(at: least)
        }
        let tail = tail()
        let room = columns - 3 - tail.count
        return room > 3 ? "\(DisplayWidth.shortened(name, to: room))  \(tail)" : tail
    }
}
