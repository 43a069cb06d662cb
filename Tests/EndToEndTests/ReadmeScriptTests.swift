import Foundation
import TestSupport
import Testing

extension ServiceTests {
    /// The scripts of the README, run unchanged with a server.
    @Suite("Scripts of the README")
    struct ReadmeScriptTests {
        private let chat: ChatFixture
        /// The folder of the scripts, with the passwords, and with `chatty` first on the path.
        private let folder: TemporaryFolder

        private static let accounts = ["ci", "bot", "archive", "probe", "yoda", "hans"]

        init() async throws {
            chat = try await ChatFixture(accounts: Self.accounts)
            folder = try TemporaryFolder()
            for name in Self.accounts { try folder.write(ChatFixture.password(of: name) + "\n", to: "\(name).pw") }
            try FileManager.default.createDirectory(atPath: folder["bin"], withIntermediateDirectories: false)
            try FileManager.default.createSymbolicLink(atPath: folder["bin/chatty"], withDestinationPath: Executable.chatty)
        }

        /// The block after the mark with this name.
        private static func script(_ name: String) throws -> String {
            let readme = try String(contentsOfFile: Executable.package + "/README.md", encoding: .utf8)
            let mark = "<!-- script: \(name) -->\n```sh\n"
            let start = try #require(readme.range(of: mark), "no script \(name)").upperBound
            let end = try #require(readme.range(of: "\n```", range: start..<readme.endIndex)).lowerBound
            return readme[start..<end] + "\n"
        }

        private func run(_ name: String, _ words: String...) throws -> ChattyProcess {
            let path = try folder.write(Self.script(name), to: name)
            return try ChattyProcess(
                words: [path] + words, home: folder,
                environment: [
                    "PATH": folder["bin"] + ":" + (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"),
                    "CHAT": "127.0.0.1 \(chat.port)", "XDG_DATA_HOME": folder["data"],
                ], executable: "/bin/sh")
        }

        @Test(arguments: [("#!/bin/sh\n", "Version 1.2 is live."), ("#!/bin/sh\nexit 1\n", "Version 1.2 FAILED.")])
        func aDeployNotice(deployment: String, notice: String) async throws {
            let path = try folder.write(deployment, to: "deploy-to-production")
            try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: path)
            let hans = try chat.script(as: "hans", "-c", "/creategroup ops")
            #expect(try await hans.exitStatus() == 0)
            let join = try chat.script(as: "ci", "-c", "/joingroup ops")
            #expect(try await join.exitStatus() == 0)
            let deploy = try run("deploy", "1.2")
            #expect(try await deploy.exitStatus() == (notice.contains("FAILED") ? 1 : 0))
            #expect(try await deploy.output.end().hasPrefix("Message to the group chat ops sent at "))
            let reader = try chat.script(as: "hans", "-c", "/history #ops")
            #expect(try await reader.output.end().contains("#ops ci: \(notice)\n"))
        }

        @Test func aBotThatAnswers() async throws {
            let bot = try run("bot")
            let yoda = try chat.script(as: "yoda", "--listen")
            try yoda.type("/msgto bot load\n")
            try await yoda.output.expect(/bot: The load is [0-9. ]+\.\n/)
            try yoda.type("/msgto bot $(touch broken); who are you\n")
            try await yoda.output.expect(" bot: I know: load\n")
            // The bot's owner ends it.
            let hans = try chat.script(as: "hans", "-c", "/msgto bot quit", "-c", "/msgto bot load", "--count", "1")
            try await hans.output.expect(" bot: The load is ")
            try yoda.type("/msgto bot quit\n")
            #expect(try await bot.exitStatus() == 0)
            #expect(bot.diagnostics.text == "")
            #expect(!FileManager.default.fileExists(atPath: folder["broken"]))
        }

        @Test func aFileDropFromCI() async throws {
            let archive = try run("archive")
            try await waitUntilActive("archive")
            let file = try folder.write(String(repeating: "built\n", count: 100_000), to: "app.tar")
            let drop = try run("drop", file)
            #expect(try await drop.exitStatus() == 0)
            try await drop.output.expect("archive has app.tar: 600 kB")
            let kept = try String(contentsOfFile: folder["builds/app.tar"], encoding: .utf8)
            #expect(kept == String(repeating: "built\n", count: 100_000))
            archive.signal(SIGTERM)
            #expect(try await archive.exitStatus() == 143)
            #expect(try String(contentsOfFile: folder["archive.log"], encoding: .utf8).contains("Received builds/app.tar from ci"))
            // No user accepts the file any more.
            let late = try run("drop", file)
            #expect(try await late.exitStatus() == 6)
        }

        @Test func aHealthCheck() async throws {
            let well = try run("health")
            #expect(try await well.exitStatus() == 0)
            #expect(try await well.output.end() == "" && well.diagnostics.text == "")
            chat.server.process.kill()
            _ = try await chat.server.process.exitStatus()
            let ill = try run("health")
            #expect(try await ill.exitStatus() == 3)
            #expect(try await ill.output.end() == "The chat on 127.0.0.1 \(chat.port) does not work: status 3.\n")
        }

        @Test func anExport() async throws {
            let sender = try chat.script(as: "yoda", "-c", "/msgto hans there is no try")
            #expect(try await sender.exitStatus() == 0)
            // The default data folder, which the script finds.
            try FileManager.default.createDirectory(atPath: folder["data"], withIntermediateDirectories: true)
            try FileManager.default.createSymbolicLink(atPath: folder["data/chatty"], withDestinationPath: chat.server.data["store"])
            let export = try run("export", folder["kept"])
            #expect(try await export.exitStatus() == 0)
            #expect(export.diagnostics.text == "")
            let files = try FileManager.default.contentsOfDirectory(atPath: folder["kept"]).sorted()
            #expect(files == Self.accounts.sorted().map { $0 + ".jsonl" })
            #expect(try String(contentsOfFile: folder["kept/hans.jsonl"], encoding: .utf8).contains("\"text\":\"there is no try\""))
            #expect(try FileManager.default.attributesOfItem(atPath: folder["kept/hans.jsonl"])[.posixPermissions] as? Int == 0o600)
        }

        private func waitUntilActive(_ name: String) async throws {
            let watcher = try chat.script(as: "hans", "--listen")
            while !watcher.output.text.contains("\(name), active since") {
                let count = watcher.output.bytes.count
                try watcher.type("/activeuser\n")
                guard await watcher.output.more(than: count, until: .now + ExpectStream.patience) else {
                    throw HarnessFailure("\(name) never came: \(watcher.output.text)")
                }
            }
        }
    }
}
