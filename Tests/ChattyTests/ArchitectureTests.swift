import Foundation
import TestSupport
import Testing

/// The architecture: imports point downward only, and every target imports only what its row allows.
///
/// `--explicit-target-dependency-import-check error`, which the documented commands pass to every build, refuses an import of a module of
/// this package or of a dependency that the target does not declare. It does not check the system's modules (Foundation, Glibc), unused
/// declarations, or folders within a target; this suite does.
@Suite("Architecture", .longComputation)
struct ArchitectureTests {
    static let package = GeneratedFilesTests.package

    struct Room: CustomTestStringConvertible {
        let target: String
        let allowed: Set<String>
        /// Modules that only one folder of the target may import.
        var only: [String: String] = [:]
        /// Whether the target is pure: no sockets, files, threads or clocks.
        var isPure = false

        var testDescription: String { target }
    }

    private static let nio: Set<String> = ["NIOCore", "NIOPosix", "NIOSSL", "NIOConcurrencyHelpers", "NIOTLS"]
    // All locks are NIO's, because the thread sanitizer does not see the `Mutex` of `Synchronization`.
    private static let system: Set<String> = ["Foundation", "FoundationEssentials", "Glibc", "Dispatch", "NIOConcurrencyHelpers"]

    static let rooms = [
        Room(target: "ChatProtocol", allowed: ["FoundationEssentials"], isPure: true),
        Room(target: "ChatStore", allowed: ["ChatProtocol", "DequeModule"], isPure: true),
        Room(target: "ChatHub", allowed: ["ChatStore", "ChatProtocol", "DequeModule"], isPure: true),
        Room(target: "ChatCodec", allowed: ["ChatHub", "ChatStore", "ChatProtocol", "DequeModule", "FoundationEssentials"], isPure: true),
        Room(target: "Connectivity", allowed: ["CSPAKE2", "Crypto"], isPure: true),
        Room(
            target: "TransferProtocol",
            allowed: ["Connectivity", "CAEAD", "Crypto", "CryptoExtras", "DequeModule", "FoundationEssentials"], isPure: true),
        Room(target: "SystemSupport", allowed: system.union(["CLinux", "DequeModule"])),
        Room(
            target: "ChatStoreSQLite",
            allowed: system.union([
                "ChatStore", "ChatProtocol", "SystemSupport", "Crypto", "CryptoExtras", "DequeModule", "GRDB", "GRDBSQLite",
            ])),
        Room(
            target: "ChatServer",
            allowed: nio.union(system).union([
                "ChatCodec", "ChatHub", "ChatStoreSQLite", "ChatStore", "ChatProtocol", "Connectivity", "NetworkIO", "SystemSupport",
                "CLinux",
                "Crypto", "X509",
                "SwiftASN1", "DequeModule", "NIOHTTP1",
            ]),
            only: ["NIOHTTP1": "Metrics"]),
        Room(
            target: "ChatClient",
            allowed: nio.union(system).union([
                "ChatProtocol", "SystemSupport", "CReadline", "CLinux", "Crypto", "X509", "SwiftASN1", "DequeModule",
            ]),
            only: ["CReadline": "Terminal", "X509": "Connection", "SwiftASN1": "Connection"]),
        Room(target: "NetworkIO", allowed: system.union(["Connectivity", "SystemSupport", "CLinux"])),
        Room(
            target: "TransferIO",
            allowed: system.union([
                "TransferProtocol", "Connectivity", "NetworkIO", "SystemSupport", "CLinux", "CUPnP", "Crypto", "CryptoExtras",
            ]),
            only: ["CUPnP": "Reach"]),
        Room(
            target: "chatty",
            allowed: system.union([
                "ChatServer", "ChatStoreSQLite", "ChatClient", "ChatHub", "ChatProtocol", "TransferIO", "TransferProtocol",
                "Connectivity", "NetworkIO", "SystemSupport", "CLinux", "Crypto", "Logging", "ServiceLifecycle",
            ])),
    ]

    struct Import: Hashable {
        let module: String
        let file: String
    }

    static func files(of target: String) throws -> [(path: String, text: String)] {
        try files(at: "Sources/\(target)")
    }

    private static func files(at path: String) throws -> [(path: String, text: String)] {
        let folder = package.appendingPathComponent(path)
        let paths = try #require(FileManager.default.enumerator(atPath: folder.path)).compactMap { $0 as? String }
        return try paths.filter { $0.hasSuffix(".swift") }.map {
            ($0, try String(contentsOf: folder.appendingPathComponent($0), encoding: .utf8))
        }
    }

    /// The modules that a source text imports, for example by `import Foundation` or `internal import struct Crypto.SHA256`.
    static func modules(importedBy text: String) throws -> [String] {
        let pattern =
            #/^\s*(?:@\w+(?:\([^)]*\))?\s+)*(?:(?:public|package|internal|fileprivate|private)\s+)?import\s+(?:(?:struct|class|enum|protocol|func|var|let|typealias)\s+)?(\w+)/#
        return text.matches(of: pattern.anchorsMatchLineEndings()).map { String($0.1) }
    }

    /// The description of the package's targets.
    private struct Description: Decodable {
        struct Target: Decodable {
            let name: String
            let type: String
            let path: String?
            let dependencies: [[String: [String?]]]
        }

        let targets: [Target]
    }

    private static let hasSwift = (try? run(["--version"])) != nil

    /// The output of `swift`, run with a temporary home folder.
    private static func run(_ words: [String]) throws -> Data {
        let home = try TemporaryFolder()
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["swift"] + words
        process.environment = ProcessInfo.processInfo.environment.merging(["HOME": home.path]) { $1 }
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        let data = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0)
        return data
    }

    /// A dependency that is not imported is built in vain, and hides what a target needs.
    @Test(.enabled(if: hasSwift, "swift is not on $PATH")) func whatIsDeclaredIsImported() throws {
        // The copy is outside the package's folder, which the build that runs this test may have locked.
        let folder = try TemporaryFolder()
        try FileManager.default.copyItem(
            at: Self.package.appendingPathComponent("Package.swift"), to: URL(filePath: folder.file("Package.swift")))
        let description = try JSONDecoder().decode(
            Description.self, from: Self.run(["package", "--package-path", folder.path, "dump-package"]))
        #expect(description.targets.count > 20)
        for target in description.targets {
            let files = try Self.files(at: target.path ?? (target.type == "test" ? "Tests/" : "Sources/") + target.name)
            guard !files.isEmpty else { continue }
            let imported = try Set(files.flatMap { try Self.modules(importedBy: $0.text) })
            let declared = Set(target.dependencies.compactMap { ($0["product"] ?? $0["byName"] ?? $0["target"])?.first ?? nil })
            // CHarness works before `main` and is not called; PoorFileSystem is a program that tests run.
            let linked: Set = target.name == "TestSupport" ? ["CHarness"] : target.name == "EndToEndTests" ? ["PoorFileSystem"] : []
            #expect(declared.subtracting(imported) == linked, "\(target.name)")
        }
    }

    @Test func everyTargetHasItsRow() throws {
        let folders = try FileManager.default.contentsOfDirectory(atPath: Self.package.appendingPathComponent("Sources").path)
        let swift = try folders.filter { try !Self.files(of: $0).isEmpty }
        #expect(Set(swift).subtracting(["BenchmarkSupport", "ChatBenchmark", "TransferBenchmark"]) == Set(Self.rooms.map(\.target)))
    }

    @Test(arguments: rooms) func importsAreAllowed(room: Room) throws {
        for file in try Self.files(of: room.target) {
            for module in try Self.modules(importedBy: file.text) {
                #expect(room.allowed.contains(module), "\(room.target)/\(file.path) imports \(module)")
                if let folder = room.only[module] {
                    #expect(file.path.hasPrefix(folder + "/"), "\(room.target)/\(file.path) imports \(module), which is for \(folder)/")
                }
            }
        }
    }

    /// Time and randomness are arguments: a pure target depends on nothing else.
    @Test(arguments: rooms.filter(\.isPure)) func pureTargetsReadNoClockAndNoDevice(room: Room) throws {
        let impure =
            #/\b(?:ContinuousClock|SuspendingClock|Task\.sleep|DispatchQueue|Thread|FileManager|FileHandle|ProcessInfo)\b|\bDate\(\)|\bDate\.now\b/#
        for file in try Self.files(of: room.target) {
            for line in file.text.split(separator: "\n") where !line.drop(while: { $0 == " " }).hasPrefix("//") {
                #expect(line.firstMatch(of: impure) == nil, "\(room.target)/\(file.path): \(line)")
            }
        }
    }

    /// `send-file`, `recv-file` and the chat handle updates differently, but share the loop over them.
    @Test func theUpdatesOfASessionAreFollowedInOnePlace() throws {
        let followers = try Self.files(of: "chatty").filter { file in
            file.text.split(separator: "\n").contains { $0.contains(#/\bin \w*\.?updates\b/#) }
        }
        #expect(followers.map(\.path) == ["Transfer/SessionFollower.swift"])
    }

    @Test(arguments: [
        ("import Foundation", ["Foundation"]), ("  import NIOCore // why", ["NIOCore"]), ("@testable import chatty", ["chatty"]),
        ("internal import struct Crypto.SHA256\nimport GRDB", ["Crypto", "GRDB"]), ("@_spi(X) @preconcurrency import A", ["A"]),
        ("// import Foundation", []), ("let important = 1", []),
    ])
    func importsAreFound(text: String, modules: [String]) throws {
        #expect(try Self.modules(importedBy: text) == modules)
    }
}
