import Foundation
import TestSupport

/// A running `chatty recv-file`, with what it printed to reach it.
struct FileReceiver {
    let process: ChattyProcess
    let ticket: String
    let port: UInt16
    /// Where it puts files.
    let folder: TemporaryDirectory

    /// - Parameters:
    ///   - words: further options.
    ///   - output: `-o`; the folder where nil.
    init(
        _ words: [String] = ["--once"], into folder: TemporaryDirectory, output: String? = nil, home: TemporaryDirectory? = nil,
        environment: [String: String] = [:], port: UInt16 = 0
    ) async throws {
        self.folder = folder
        process = try ChattyProcess(
            words: ["recv-file", "\(port)", "-o", output ?? folder.path] + words, home: home, environment: environment)
        ticket = String(try await process.diagnostics.expect(/Ticket: (chatty1[a-z2-7]+)\n/).1)
        self.port = UInt16(try await process.diagnostics.expect(/Address: 127\.0\.0\.1:(\d+)\n/).1) ?? 0
    }
}

/// Contents to send, always the same for a seed.
enum Contents {
    static func make(_ count: Int, seed: UInt64 = 1) -> Data {
        var random = SeededGenerator(seed: seed)
        return Data(random.bytes(count))
    }
}

extension TemporaryDirectory {
    @discardableResult func write(_ data: Data, to name: String) throws -> String {
        try data.write(to: URL(fileURLWithPath: self[name]))
        return self[name]
    }

    func read(_ name: String) throws -> Data { try Data(contentsOf: URL(fileURLWithPath: self[name])) }
    /// Names of everything in it, sorted.
    func names() throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: path).sorted() }
}
