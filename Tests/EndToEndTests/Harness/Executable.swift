import Foundation

/// The programs under test, which are in the folder of the test runner.
enum Executable {
    /// The folder of built products.
    static let folder: String = {
        let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]
        // If one runner serves all packages, its first argument that names the test bundle leads to the products.
        let bundle = CommandLine.arguments.first { $0.hasSuffix(".xctest") }
        return ((bundle ?? own) as NSString).deletingLastPathComponent
    }()

    /// The built `chatty`.
    static let chatty = folder + "/chatty"

    /// Whether a sanitizer manages the memory (`.ci/sanitize`), so that its size says nothing about chatty.
    static let isSanitized = ["ASAN_OPTIONS", "TSAN_OPTIONS"].contains { ProcessInfo.processInfo.environment[$0] != nil }

    /// The package's top folder.
    static let package: String = {
        // Tests/EndToEndTests/Harness/Executable.swift
        var path = #filePath as NSString
        for _ in 0..<4 { path = path.deletingLastPathComponent as NSString }
        return path as String
    }()

    /// The path of a program that tests need; nil if it is not installed.
    static func path(of name: String) -> String? {
        let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin").split(separator: ":")
        return folders.map { "\($0)/\(name)" }.first { FileManager.default.isExecutableFile(atPath: $0) }
    }
}
