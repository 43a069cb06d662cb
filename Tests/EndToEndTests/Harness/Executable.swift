import Foundation

/// The programs under test: they lie beside the test runner's own.
enum Executable {
    /// The folder of built products.
    static let folder: String = {
        let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]
        // With one runner for all packages the products are found through its first argument that names the test bundle.
        let bundle = CommandLine.arguments.first { $0.hasSuffix(".xctest") }
        return ((bundle ?? own) as NSString).deletingLastPathComponent
    }()

    /// The built `chatty`.
    static let chatty = folder + "/chatty"

    /// Whether a sanitizer keeps books about all memory (`.ci/sanitize`), so that how much there is says nothing of chatty.
    static let isSanitized = ["ASAN_OPTIONS", "TSAN_OPTIONS"].contains { ProcessInfo.processInfo.environment[$0] != nil }

    /// The package's top folder.
    static let package: String = {
        // Tests/EndToEndTests/Harness/Executable.swift
        var path = #filePath as NSString
        for _ in 0..<4 { path = path.deletingLastPathComponent as NSString }
        return path as String
    }()

    /// Where a program is that the tests need, or nil.
    static func path(of name: String) -> String? {
        let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin").split(separator: ":")
        return folders.map { "\($0)/\(name)" }.first { FileManager.default.isExecutableFile(atPath: $0) }
    }
}
