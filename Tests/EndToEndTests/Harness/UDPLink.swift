import Foundation

/// `udplink`, a UDP path with loss, delay and a rate, between a sender and a receiver on this machine. It lies beside the repository;
/// where it does not, the tests that need it say that they are skipped.
final class UDPLink: Sendable {
    let port: UInt16
    private let process: ChattyProcess

    /// The built tool; nil where its source or a compiler is not there.
    private static let tool: (path: String, folder: TemporaryDirectory)? = {
        let source = Executable.package + "/../shared/tools/udplink.c"
        guard FileManager.default.fileExists(atPath: source), let compiler = Executable.path(of: "cc"),
            let folder = try? TemporaryDirectory()
        else { return nil }
        let build = Process()
        build.executableURL = URL(fileURLWithPath: compiler)
        build.arguments = ["-O2", "-o", folder["udplink"], source]
        guard (try? build.run()) != nil else { return nil }
        build.waitUntilExit()
        return build.terminationStatus == 0 ? (folder["udplink"], folder) : nil
    }()

    static var isAvailable: Bool { tool != nil }

    /// - Parameter options: as the tool takes them: `["--loss", "2", "--delay", "5"]`.
    init(to port: UInt16, _ options: [String]) throws {
        guard let tool = Self.tool else { throw HarnessFailure("there is no udplink") }
        self.port = try FreePort.udp()
        process = try ChattyProcess(
            words: ["--listen", "\(self.port)", "--to", "127.0.0.1:\(port)"] + options, executable: tool.path)
    }

    /// Ends it and gives its counts, a line of JSON.
    func counts() async throws -> String {
        process.signal(SIGTERM)
        return try await process.output.end()
    }
}
