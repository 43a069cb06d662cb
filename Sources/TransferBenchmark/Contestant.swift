import BenchmarkSupport
import Foundation

/// A way to move a file from one folder to another through the loopback.
protocol Contestant {
    var name: String { get }
    /// Starts the servers that it needs and moves `bench.source` to `bench.target`.
    func run(_ bench: Bench) throws -> Sample
}

/// One measured run.
struct Sample {
    let seconds: Double
    /// CPU seconds of both sides; not a number if unknown.
    let cpu: Double
}

/// The files and tools of one comparison.
struct Bench {
    let folder: String
    let size: Int
    var source: String { folder + "/source/file.bin" }
    var target: String { folder + "/target/file.bin" }

    /// Measures `body`, which returns CPU seconds, and checks the result: throws if the target differs from the source.
    func measure(_ body: () throws -> Double) throws -> Sample {
        try warm()
        let start = ContinuousClock.now
        let cpu = try body()
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        guard FileManager.default.contentsEqual(atPath: source, andPath: target) else { throw BenchmarkError("the file arrived damaged") }
        return Sample(seconds: seconds, cpu: cpu)
    }

    /// Writes and deletes as much as a run will write. A virtual machine returns memory that has been free for some seconds to its host,
    /// and getting it again takes longer than a transfer. So the previous target is deleted only after all is written, or its memory would
    /// be returned in the middle of this run.
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
