import Foundation
import TransferSimulator

/// `TransferBenchmark fairness [bbr|cubic ...]`: the share of a flow that competes with another one for the same bottleneck, in the
/// simulator, as lines of Markdown.
enum FairnessTable {
    private static let queues = [0.5, 1, 2, 4]

    static func run(_ arguments: [String]) -> Int32 {
        let controls = arguments.compactMap(Goodput.Control.init(rawValue:))
        guard controls.count == arguments.count else {
            print("Usage: TransferBenchmark fairness [bbr|cubic ...]")
            return 2
        }
        do {
            for control in controls.isEmpty ? [.bbr, .cubic] : controls { try table(control) }
            return 0
        } catch {
            print("TransferBenchmark: \(error)")
            return 1
        }
    }

    private static func table(_ control: Goodput.Control) throws {
        let name = control.rawValue.uppercased()
        GoodputTable.head("share of \(name)")
        var starts = [(head: Int64(0), name: "begun together")]
        // Two CUBIC flows are symmetric, and are in the rows below.
        if control != .cubic { starts += [(10, "\(name) joins 10 s later"), (-10, "CUBIC joins 10 s later")] }
        for (head, start) in starts {
            for queue in queues {
                let cells = try shares(control, beside: .cubic, queue: queue, head: head).map { String(format: "%.2f", $0) }
                GoodputTable.row("beside CUBIC, \(start), \(queue.formatted()) BDP", cells)
            }
        }
        for queue in queues {
            let cells = try shares(control, beside: control, queue: queue, head: 10).map {
                String(format: "%.2f (%.2f)", $0, Goodput.fairness(ofShare: $0))
            }
            GoodputTable.row("beside \(name), begun 10 s later, \(queue.formatted()) BDP", cells)
        }
    }

    /// The shares on all paths.
    private static func shares(
        _ control: Goodput.Control, beside other: Goodput.Control, queue: Double, head: Int64
    ) throws -> [Double] {
        try GoodputTable.paths.map {
            try Goodput.share(control, beside: other, Goodput.Path($0.0, $0.1, queue: queue), head: head)
        }
    }
}
