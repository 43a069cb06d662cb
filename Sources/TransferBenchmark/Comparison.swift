import BenchmarkSupport
import Foundation

/// Compares the transfer with its peers, on one tmpfs, in turns: `TransferBenchmark [--size MB] [--runs N] [--folder DIR] [--only NAME]
/// [--chatty PATH]`.
///
/// Only figures of one run can be compared: the medians are printed with their ratio to the C yardstick, or to chatty if that is missing.
/// Build with `-c release`, `chatty` too.
enum Comparison {
    static func run(_ words: [String]) -> Int32 {
        var size = 1_000_000_000
        var runs = 5
        var folder = "/dev/shm"
        var only: String?
        var chatty = Machine.products + "/chatty"
        var rest = words[...]
        while let option = rest.popFirst() {
            guard let value = rest.popFirst() else { return usage() }
            switch (option, Int(value)) {
            case ("--size", let number?) where number > 0: size = number * 1_000_000
            case ("--runs", let number?) where number > 0: runs = number
            case ("--folder", _): folder = value
            case ("--only", _): only = value
            case ("--chatty", _): chatty = value
            default: return usage()
            }
        }
        let bench = Bench(folder: "\(folder)/chatty-benchmark-\(getpid())", size: size)
        defer { try? FileManager.default.removeItem(atPath: bench.folder) }
        do {
            try prepare(bench)
            let contestants = find(bench, chatty).filter { only.map($0.name.contains) ?? true }
            report(try measure(contestants, bench, runs: runs), size: size)
            return 0
        } catch {
            print("TransferBenchmark: \(error)")
            return 1
        }
    }

    private static func usage() -> Int32 {
        print("Usage: TransferBenchmark [--size MB] [--runs N] [--folder DIR] [--only NAME] [--chatty PATH]")
        return 2
    }

    /// Creates the source, and touches as much memory of the tmpfs as the runs will use.
    private static func prepare(_ bench: Bench) throws {
        for name in ["source", "target", "home"] {
            try FileManager.default.createDirectory(atPath: bench.folder + "/" + name, withIntermediateDirectories: true)
        }
        var state: UInt64 = 88_172_645_463_325_252
        let block = Data(
            (0..<1_000_000).map { _ in
                state ^= state << 13
                state ^= state >> 7
                state ^= state << 17
                return UInt8(truncatingIfNeeded: state)
            })
        for path in [bench.source, bench.target] {
            guard FileManager.default.createFile(atPath: path, contents: nil), let file = FileHandle(forWritingAtPath: path) else {
                throw BenchmarkError("cannot write \(path)")
            }
            for index in 0..<bench.size / block.count {
                var numbered = block
                withUnsafeBytes(of: index) { numbered.replaceSubrange(0..<8, with: $0) }
                try file.write(contentsOf: numbered)
            }
            try file.close()
        }
        unlink(bench.target)
    }

    private static func find(_ bench: Bench, _ chatty: String) -> [any Contestant] {
        var found: [any Contestant] = []
        func add(_ name: String, _ contestant: (any Contestant)?) {
            if let contestant { found.append(contestant) } else { print("not compared, because it is not here: \(name)") }
        }
        let isBuilt = FileManager.default.isExecutableFile(atPath: chatty)
        add("chatty", isBuilt ? ChattyContestant(name: "chatty, probed MTU", program: chatty) : nil)
        add("C yardstick", yardstick(bench).map(YardstickContestant.init))
        add("chatty", isBuilt ? ChattyContestant(name: "chatty, 1400-byte segments", program: chatty, options: ["--mtu", "1400"]) : nil)
        add("rsync", Machine.tool("rsync").map(RsyncContestant.init))
        if let nginx = Machine.tool("nginx"), let curl = Machine.tool("curl"), let openssl = Machine.tool("openssl") {
            add("nginx", NginxContestant(nginx: nginx, curl: curl, openssl: openssl))
        } else {
            add("nginx and curl", nil)
        }
        add("srt-file-transmit", Machine.tool("srt-file-transmit").map(SRTContestant.init))
        return found
    }

    /// Builds the yardstick from its source beside the repository; nil if there is none.
    private static func yardstick(_ bench: Bench) -> String? {
        let package = (#filePath as NSString).deletingLastPathComponent + "/../.."
        let source = package + "/../shared/tools/udplimit.c"
        guard FileManager.default.fileExists(atPath: source), let compiler = Machine.tool("cc") else { return nil }
        let program = bench.folder + "/udplimit"
        guard let build = try? Child([compiler, "-O2", "-w", "-o", program, source, "-lcrypto"]).end(), build.status == 0 else {
            return nil
        }
        return program
    }

    private static func measure(_ contestants: [any Contestant], _ bench: Bench, runs: Int) throws -> [(name: String, samples: [Sample])] {
        var all = contestants.map { (name: $0.name, samples: [Sample]()) }
        for round in 1...runs {
            for (index, contestant) in contestants.enumerated() {
                do {
                    let sample = try contestant.run(bench)
                    all[index].samples.append(sample)
                    print("round \(round)  \(contestant.name): \(rate(sample, bench.size)) MB/s")
                } catch {
                    print("round \(round)  \(contestant.name): \(error)")
                }
                fflush(nil)
            }
        }
        return all
    }

    private static func rate(_ sample: Sample, _ size: Int) -> Int { Int((Double(size) / 1e6 / sample.seconds).rounded()) }

    private static func report(_ results: [(name: String, samples: [Sample])], size: Int) {
        let reference = results.first { $0.name == "C yardstick" && !$0.samples.isEmpty } ?? results.first { !$0.samples.isEmpty }
        guard let reference else { return print("nothing was measured") }
        let unit = Machine.median(reference.samples.map(\.seconds))
        print("\n| \(size / 1_000_000) MB, file to file | runs | MB/s (median) | CPU s, both sides | ratio to \(reference.name) |")
        print("|---|---|---|---|---|")
        for result in results where !result.samples.isEmpty {
            let seconds = Machine.median(result.samples.map(\.seconds))
            let cpu = Machine.median(result.samples.map(\.cpu).filter { !$0.isNaN })
            let cpuText = cpu.isNaN ? "" : String(format: "%.2f", cpu)
            let mbs = String(format: "%.0f", Double(size) / 1e6 / seconds)
            print("| \(result.name) | \(result.samples.count) | \(mbs) | \(cpuText) | \(String(format: "%.2f", unit / seconds)) |")
        }
    }
}
