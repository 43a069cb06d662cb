import BenchmarkSupport
import Foundation

/// A way to move a file from one folder to another through the loopback.
protocol Contestant {
    var name: String { get }
    /// Starts what has to be there beforehand and moves `bench.source` to `bench.target`.
    func run(_ bench: Bench) throws -> Sample
}

/// One measured run.
struct Sample {
    let seconds: Double
    /// Of both sides.
    let cpu: Double
}

/// The files and tools of one comparison.
struct Bench {
    let folder: String
    let size: Int
    var source: String { folder + "/source/file.bin" }
    var target: String { folder + "/target/file.bin" }

    /// Measures `body`, which gives the CPU seconds, and holds it to the result: a file that is not the source is no sample.
    func measure(_ body: () throws -> Double) throws -> Sample {
        try warm()
        let start = ContinuousClock.now
        let cpu = try body()
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        guard FileManager.default.contentsEqual(atPath: source, andPath: target) else { throw BenchmarkError("the file arrived damaged") }
        return Sample(seconds: seconds, cpu: cpu)
    }

    /// Writes and deletes as much as a run will write. A virtual machine gives memory that has lain free for some seconds back to its
    /// host, and fetching it again takes longer than a transfer; so nothing is deleted before all is written, or the memory of the file
    /// of the run before would go back in the midst of this one.
    private func warm() throws {
        let path = folder + "/warm"
        let descriptor = open(path, O_CREAT | O_WRONLY, 0o600)
        guard descriptor >= 0 else { throw BenchmarkError("cannot write \(path)") }
        defer {
            close(descriptor)
            unlink(target)
            unlink(path)
        }
        let block = [UInt8](repeating: 1, count: 1 << 20)
        for _ in 0..<(size + size / 8) >> 20 {
            guard write(descriptor, block, block.count) == block.count else { throw BenchmarkError("cannot write \(path)") }
        }
    }
}
