import BenchmarkSupport
import Foundation
import TransferProtocol
import TransferSimulator

/// `TransferBenchmark goodput [bbr|cubic ...]`: goodput on bad paths, in the simulator, as lines of Markdown. The figures in brackets are
/// round trips, as multiples of the empty path's; lost are datagrams at the bottleneck.
enum GoodputTable {
    static let paths = [(10.0, 20.0), (100, 50), (100, 200), (500, 20)]

    static func run(_ arguments: [String]) -> Int32 {
        let controls = arguments.compactMap(Goodput.Control.init(rawValue:))
        guard controls.count == arguments.count else {
            print("Usage: TransferBenchmark goodput [bbr|cubic ...]")
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
        head("\(name), 30 s")
        func alone(_ name: String, lost: Bool = false, _ path: (Double, Double) -> Goodput.Path) throws {
            let cells = try paths.map {
                let result = try Goodput.alone(control, path($0.0, $0.1))
                guard !result.isDamaged else { throw BenchmarkError("the file arrived damaged") }
                return String(format: "%.2f (%.1f×)", result.share, result.delay) + (lost ? ", \(result.dropped) lost" : "")
            }
            row(name, cells)
        }
        for loss in [0, 0.1, 1, 5] {
            try alone("loss \(loss.formatted()) %") { Goodput.Path($0, $1, loss: loss / 100) }
        }
        for queue in [0.25, 10] {
            try alone("queue of \(queue.formatted()) BDP") { Goodput.Path($0, $1, queue: queue) }
        }
        try alone("ECN marks at half a BDP") { Goodput.Path($0, $1, marks: true) }
        try alone("5 % overtake the others") {
            var path = Goodput.Path($0, $1)
            path.reorder = 0.05
            return path
        }
        for burst in [32, 256, 1024] {
            try alone("token bucket of \(burst) KiB", lost: true) { Goodput.Path($0, $1, bucket: burst << 10) }
        }
    }

    static func head(_ name: String) {
        let heads = paths.map { "\($0.0.formatted()) Mbit/s, \($0.1.formatted()) ms" }
        print("\n| \(name) | \(heads.joined(separator: " | ")) |\n|---|\(paths.map { _ in "---|" }.joined())")
    }

    static func row(_ name: String, _ cells: [String]) {
        print("| \(name) | \(cells.joined(separator: " | ")) |")
        fflush(nil)
    }
}
