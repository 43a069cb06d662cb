import BenchmarkSupport
import CLinux
import Foundation

/// Compares `chatty serve` with other servers, one after the other, each on one core with the load on the other: `ChatBenchmark OPTION...`.
///
/// `--rate` is the messages a second at which latency is measured. `--window` is the messages that a client has in flight where throughput
/// is measured. `--only` and `--load` select the servers and the loads whose name or first title contains the text.
///
/// Figures compare within one run only: the table shows medians, each with its ratio to chatty's. Build this program and `chatty` with `-c
/// release`.
struct ChatComparison {
    private var runs = 3
    private var seconds = 4
    private var connections = 10_000
    /// Messages a second at which latency is measured, the same for every server: half of the throughput that is required of a server.
    private var rate = 30_000
    /// Messages that a client has in flight where throughput is measured.
    private var window = 16
    private var folder = "/dev/shm"
    private var only: String?
    private var onlyLoad: String?
    private var chatty = Machine.products + "/chatty"

    /// One row of the table: a title with its unit, and the format of its values.
    private enum Figure: Int, CaseIterable {
        case groups, groupsCost, oneGroup, pairs, median, tail, steadyCost, memory, memoryTLS, logIns, inexact

        /// - Parameters:
        ///   - rate: messages a second at which latency is measured.
        ///   - window: messages that a client has in flight where throughput is measured.
        func title(_ rate: Int, _ window: Int) -> String {
            switch self {
            case .groups: "100 groups of 10, window \(window): deliveries/s"
            case .groupsCost: "the same: server's CPU s per million"
            case .oneGroup: "1 group of 1000: deliveries/s"
            case .pairs: "500 direct pairs, window \(window): messages/s"
            case .median: "direct, \(rate) messages/s, each by itself: p50 ms"
            case .tail: "the same: p99 ms"
            case .steadyCost: "the same: server's CPU s per million"
            case .memory: "idle connection, plain: KB"
            case .memoryTLS: "idle connection, TLS: KB"
            case .logIns: "log-ins/s (chatty: with a resume token, others: a nick)"
            case .inexact: "lost, repeated or reordered"
            }
        }

        func text(_ value: Double) -> String {
            switch self {
            case _ where value.isNaN: "–"
            case .groupsCost, .steadyCost, .median: String(format: "%.2f", value)
            case .tail, .memory, .memoryTLS: String(format: "%.1f", value)
            case .inexact: String(format: "%.0f", value)
            default:
                value >= 1e6
                    ? String(format: "%.2fM", value / 1e6)
                    : value >= 1e5
                        ? String(format: "%.0fk", value / 1e3)
                        : String(format: "%.1fk", value / 1e3)
            }
        }
    }

    private typealias Figures = [Figure: Double]

    private static let options =
        "[--runs N] [--seconds N] [--connections N] [--rate N] [--window N] [--folder DIR] [--only NAME] [--load TITLE] [--chatty PATH]"

    static func run(_ words: [String]) async -> Int32 {
        guard let comparison = ChatComparison(words) else {
            print("Usage: ChatBenchmark \(ChatComparison.options)")
            return 2
        }
        do {
            let own = comparison.ownFolder
            let signals = Child.stopAll(on: [SIGTERM, SIGINT]) { try? FileManager.default.removeItem(atPath: own) }
            defer { for source in signals { source.cancel() } }
            try await comparison.compare()
            return 0
        } catch {
            print("ChatBenchmark: \(error)")
            return 1
        }
    }

    private var ownFolder: String { "\(folder)/chatty-benchmark-\(getpid())" }

    private init?(_ words: [String]) {
        var rest = words[...]
        while let option = rest.popFirst() {
            guard let value = rest.popFirst() else { return nil }
            switch (option, Int(value)) {
            case ("--runs", let number?) where number > 0: runs = number
            case ("--seconds", let number?) where number > 0: seconds = number
            case ("--connections", let number?) where number > 0: connections = number
            case ("--rate", let number?) where number > 0: rate = number
            case ("--window", let number?) where number > 0: window = number
            case ("--folder", _): folder = value
            case ("--only", _): only = value
            case ("--load", _): onlyLoad = value
            case ("--chatty", _): chatty = value
            default: return nil
            }
        }
    }

    private func compare() async throws {
        raiseDescriptorLimit()
        let contestants = try find().filter { only.map($0.name.contains) ?? true }
        guard !contestants.isEmpty else { throw BenchmarkError("nothing to compare") }
        var samples = contestants.map { _ in [Figures]() }
        for round in 1...runs {
            for (index, contestant) in contestants.enumerated() {
                let figures = try await measure(contestant)
                samples[index].append(figures)
                for figure in Figure.allCases {
                    print("round \(round)  \(contestant.name)  \(figure.title(rate, window)): \(figure.text(figures[figure] ?? .nan))")
                }
                fflush(nil)
            }
        }
        report(contestants, samples)
    }

    private func find() throws -> [any ChatContestant] {
        var found: [any ChatContestant] = []
        if FileManager.default.isExecutableFile(atPath: chatty) {
            found.append(try ChattyContestant(program: chatty))
        } else {
            print("not compared, because it is not here: \(chatty)")
        }
        if let program = Machine.tool("ngircd") {
            found.append(NgIRCdContestant(program: program, name: "ngIRCd " + (version(program, #/ngIRCd (\S+?)-/#) ?? "")))
        } else {
            print("not compared, because it is not here: ngIRCd")
        }
        if let program = Machine.tool("inspircd") {
            found.append(InspIRCdContestant(program: program, name: "InspIRCd " + (version(program, #/InspIRCd-([0-9.]+)/#) ?? "")))
        } else {
            print("not compared, because it is not here: InspIRCd")
        }
        return found
    }

    private func version(_ program: String, _ pattern: Regex<(Substring, Substring)>) -> String? {
        let process = Process()
        let pipe = Pipe()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = ["--version"]
        process.standardOutput = pipe
        process.standardError = pipe
        guard (try? process.run()) != nil else { return nil }
        let text = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return text.firstMatch(of: pattern).map { String($0.1) }
    }

    private func measure(_ contestant: any ChatContestant) async throws -> Figures {
        var figures = Figures()
        var inexact = 0
        /// Runs one load. Returns nil where it is not selected or the server fails it: the other loads are measured all the same.
        func load(_ load: Load, for figure: Figure) throws -> LoadResult? {
            guard isWanted(figure) else { return nil }
            let result: LoadResult
            do {
                result = try with(contestant, clients: load.clients) { server in
                    try LoadGenerator(load, port: server.port, pid: server.process.pid, tokens: server.tokens).run()
                }
            } catch let error as BenchmarkError {
                print("  (\(contestant.name), \(figure.title(rate, window)): not measured: \(error))")
                return nil
            }
            inexact += result.lost + result.repeated + result.reordered
            // With a fixed rate the generator polls the clock without pause, so that its share is always near one.
            if load.rate == nil, result.generatorShare > 0.95 {
                print("  (\(contestant.name), \(figure.title(rate, window)): the load, not the server, was the limit)")
            }
            return result
        }
        let time = Double(seconds)
        if let groups = try load(Load(kind: .groups, groupSize: 10, groups: 100, window: window, seconds: time), for: .groups) {
            figures[.groups] = groups.deliveriesPerSecond
            figures[.groupsCost] = groups.processorSeconds / Double(max(1, groups.deliveries)) * 1e6
        }
        let oneGroup = Load(kind: .groups, groupSize: 1000, groups: 1, seconds: time)
        figures[.oneGroup] = try load(oneGroup, for: .oneGroup)?.deliveriesPerSecond
        let pairs = Load(kind: .pairs, groupSize: 2, groups: 500, window: window, seconds: time)
        figures[.pairs] = try load(pairs, for: .pairs)?.messagesPerSecond
        let steady = Load(kind: .pairs, groupSize: 2, groups: 500, rate: Double(rate), seconds: time)
        if let steady = try load(steady, for: .median) {
            figures[.median] = steady.latency.quantile(0.5)
            figures[.tail] = steady.latency.quantile(0.99)
            figures[.steadyCost] = steady.processorSeconds / Double(max(1, steady.deliveries)) * 1e6
        }
        if let idle = try load(Load(kind: .idle, groupSize: 1, groups: connections), for: .logIns) {
            figures[.memory] = idle.memoryPerConnection / 1024
            figures[.logIns] = idle.logInsPerSecond
        }
        if contestant.keepsMessages, isWanted(.memoryTLS) {
            let server = try start(contestant, clients: 1100)
            defer { stop(server) }
            figures[.memoryTLS] = try await TLSConnections.memory(of: server.running, connections: 1000) / 1024
        }
        figures[.inexact] = Double(inexact)
        return figures
    }

    private func isWanted(_ figure: Figure) -> Bool { onlyLoad.map(figure.title(rate, window).contains) ?? true }

    private struct Started {
        let running: RunningContestant
        let folder: String
    }

    private func with<Result>(
        _ contestant: any ChatContestant, clients: Int, _ body: (RunningContestant) throws -> Result
    ) throws -> Result {
        let server = try start(contestant, clients: clients)
        defer { stop(server) }
        return try body(server.running)
    }

    /// Starts the server on the first core; the load generator stays on the second.
    private func start(_ contestant: any ChatContestant, clients: Int) throws -> Started {
        let own = ownFolder
        try FileManager.default.createDirectory(atPath: own, withIntermediateDirectories: true)
        clinux_thread_pin(0)
        defer { clinux_thread_pin(1) }
        do {
            return Started(running: try contestant.start(in: own, clients: clients), folder: own)
        } catch {
            try? FileManager.default.removeItem(atPath: own)
            throw error
        }
    }

    private func stop(_ server: Started) {
        server.running.process.stop()
        try? FileManager.default.removeItem(atPath: server.folder)
    }

    private func report(_ contestants: [any ChatContestant], _ samples: [[Figures]]) {
        print("\n| medians of \(runs) | \(contestants.map(\.name).joined(separator: " | ")) |")
        print("|---|\(contestants.map { _ in "---|" }.joined())")
        print("| on the disk before it is delivered | \(contestants.map { $0.keepsMessages ? "yes" : "no" }.joined(separator: " | ")) |")
        for figure in Figure.allCases {
            let values = samples.map { Machine.median($0.compactMap { $0[figure] }) }
            let cells = values.enumerated().map { index, value in
                let isCompared = index > 0 && figure != .inexact && !value.isNaN && !values[0].isNaN && value != 0
                return figure.text(value) + (isCompared ? String(format: " (%.2f)", values[0] / value) : "")
            }
            print("| \(figure.title(rate, window)) | \(cells.joined(separator: " | ")) |")
        }
        print("\nIn brackets: \(contestants[0].name)'s figure as a multiple of that one.")
    }

    /// Raises the soft limit of descriptors to the hard one: each connection needs a descriptor, here and in the server.
    private func raiseDescriptorLimit() {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        limit.rlim_cur = limit.rlim_max
        // If the system refuses, the limit stays as it was.
        _ = setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }
}
