import Foundation
import TestSupport

/// A running `chatty recv-file`, with its ticket and its port.
struct FileReceiver {
    let process: ChattyProcess
    let ticket: String
    let port: UInt16
    /// The folder for received files.
    let folder: TemporaryFolder

    /// - Parameters:
    ///   - words: further options.
    ///   - output: the value of `-o`; nil for the folder.
    init(
        _ words: [String] = ["--once"], into folder: TemporaryFolder, output: String? = nil, home: TemporaryFolder? = nil,
        environment: [String: String] = [:], port: UInt16 = 0
    ) async throws {
        self.folder = folder
        process = try ChattyProcess(
            words: ["recv-file", "\(port)", "-o", output ?? folder.path] + words, home: home, environment: environment)
        ticket = String(try await process.diagnostics.expect(/Ticket: (chatty1[a-z2-7]+)\n/).1)
        self.port = UInt16(try await process.diagnostics.expect(/Address: 127\.0\.0\.1:(\d+)\n/).1) ?? 0
    }
}

/// Contents of files, which depend on the seed only.
enum Contents {
    static func make(_ count: Int, seed: UInt64 = 1) -> Data {
        var random = SeededGenerator(seed: seed)
        return Data(random.bytes(count))
    }
}
