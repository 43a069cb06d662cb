import Foundation

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

/// Contents to send, different at every place, so that a piece in the wrong place is seen.
enum Contents {
    static func make(_ count: Int, seed: UInt64 = 1) -> Data {
        var data = Data(capacity: count + 8)
        var state = seed
        while data.count < count {
            state &+= 0x9E37_79B9_7F4A_7C15
            var z = state
            z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
            z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
            withUnsafeBytes(of: z ^ (z >> 31)) { data.append(contentsOf: $0) }
        }
        return data.prefix(count)
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
