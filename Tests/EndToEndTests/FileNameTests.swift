import Foundation
import TestSupport
import Testing

/// The names of files on both sides are handled as bytes.
@Suite("Names of files", .fewAtATime, .serialized)
struct FileNameTests {
    /// Runs a script of bash, for words that are not UTF-8: `$'u\xe9'`.
    private func shell(_ script: String, in folder: TemporaryFolder, _ environment: [String: String] = [:]) throws -> ChattyProcess {
        try ChattyProcess(
            words: ["-c", script], home: folder, environment: environment.merging(["CHATTY": Executable.chatty]) { $1 },
            executable: "/bin/bash")
    }

    private func entries(_ path: String) throws -> [[UInt8]] {
        guard let stream = opendir(path) else { throw HarnessFailure.system("list \(path)") }
        defer { closedir(stream) }
        var names: [[UInt8]] = []
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
            if name != [0x2E], name != [0x2E, 0x2E] { names.append(name) }
        }
        return names.sorted { $0.lexicographicallyPrecedes($1) }
    }

    /// A combining mark makes another `Character` of the `/` or the dot before it.
    @Test func aMarkChangesNothing() async throws {
        let (folder, target, outside) = (try TemporaryFolder(), try TemporaryFolder(), try TemporaryFolder())
        try FileManager.default.createSymbolicLink(atPath: target["link"], withDestinationPath: outside.path)
        try FileManager.default.createDirectory(atPath: folder["d"], withIntermediateDirectories: true)
        try folder.write("x", to: "d/\u{301}x")
        let receiver = try await FileReceiver(["--count", "3"], into: target)
        #expect(try await ChattyProcess("send-file", folder["d"], receiver.ticket).exitStatus() == 0)
        let words = ["send-file", folder["d/\u{301}x"], receiver.ticket, "--name"]
        #expect(try await ChattyProcess(words: words + [".\u{200D}profile"]).exitStatus() == 0)
        // This leads through a link in the output folder.
        #expect(try await ChattyProcess(words: words + ["link/\u{301}made"]).exitStatus() == 6)
        receiver.process.signal(SIGTERM)
        _ = try await receiver.process.exitStatus()
        #expect(try target.data("d/\u{301}x") == Data("x".utf8))
        #expect(try target.names() == ["_\u{200D}profile", "d", "link"])
        #expect(try outside.names().isEmpty)
    }

    @Test func whatIsHiddenInAFolderKeepsItsNameAndTheSenderIsToldOfOthers() async throws {
        let (folder, target) = (try TemporaryFolder(), try TemporaryFolder())
        try FileManager.default.createDirectory(atPath: folder[".config/.git"], withIntermediateDirectories: true)
        try folder.write("1", to: ".config/.git/HEAD")
        try folder.write("2", to: ".config/.env")
        try folder.write("3", to: ".profile")
        try target.write("old", to: "_profile")
        let receiver = try await FileReceiver(["--count", "2"], into: target)
        let sender = try ChattyProcess("send-file", folder[".config"], folder[".profile"], receiver.ticket)
        #expect(try await sender.exitStatus() == 0)
        #expect(try target.data("_config/.git/HEAD") == Data("1".utf8))
        #expect(try target.data("_config/.env") == Data("2".utf8))
        #expect(try target.data("_profile (1)") == Data("3".utf8))
        let lines = sender.diagnostics.text.split(separator: "\n").filter { $0.contains("The receiver stores") }
        #expect(
            Set(lines) == [
                "chatty: The receiver stores .config as _config.", "chatty: The receiver stores .profile as _profile (1).",
            ])
        let again = try ChattyProcess("send-file", "--progress", "json", folder[".profile"], receiver.ticket)
        #expect(try await again.exitStatus() == 0)
        #expect(again.diagnostics.text.contains(#"{"event":"done","name":".profile","path":"_profile (2)","size":1}"#))
        #expect(try await receiver.process.exitStatus() == 0)
    }

    @Test func aFolderKeepsItsTime() async throws {
        let (folder, target) = (try TemporaryFolder(), try TemporaryFolder())
        try FileManager.default.createDirectory(atPath: folder["a/b"], withIntermediateDirectories: true)
        for index in 0..<20 { try folder.write("x", to: "a/b/\(index)") }
        let times = [timespec(tv_sec: 1_400_000_000, tv_nsec: 5), timespec(tv_sec: 1_400_000_000, tv_nsec: 5)]
        for name in ["a/b", "a"] { #expect(utimensat(AT_FDCWD, folder[name], times, 0) == 0) }
        let receiver = try await FileReceiver(into: target)
        #expect(try await ChattyProcess("send-file", folder["a"], receiver.ticket).exitStatus() == 0)
        #expect(try await receiver.process.exitStatus() == 0)
        for name in ["a", "a/b"] {
            var status = stat()
            #expect(stat(target[name], &status) == 0)
            #expect(status.st_mtim.tv_sec == 1_400_000_000 && status.st_mtim.tv_nsec == 5, "\(name)")
        }
    }

    /// The bytes of an output path are used unchanged: nothing is written elsewhere.
    @Test(arguments: [#"-o $'u\xe9'"#, #"-o $'d\xe9/'"#, #"-o $'d\xe9/u\xe9'"#]) func anOutputThatIsNotUTF8(option: String) async throws {
        let folder = try TemporaryFolder()
        try folder.write("content", to: "file")
        if option.contains("/u") { #expect(try await shell(#"mkdir $'d\xe9'"#, in: folder).exitStatus() == 0) }
        let before = try entries(folder.path)
        let script = """
            exec "$CHATTY" recv-file --once -d data \(option) 2>log
            """
        let receiver = try shell(script, in: folder)
        let send = try shell(
            #"until ticket=$(sed -n 's/^chatty: Ticket: //p' log) && [ -n "$ticket" ]; do sleep 0.05; done; "$CHATTY" send-file file "$ticket""#,
            in: folder)
        #expect(try await send.exitStatus() == 0)
        #expect(try await receiver.exitStatus() == 0)
        let made = try entries(folder.path).filter {
            !before.contains($0) && ![Array("log".utf8), Array("data".utf8), Array(".local".utf8)].contains($0)
        }
        let (file, directory): ([UInt8], [UInt8]) = ([0x75, 0xE9], [0x64, 0xE9])
        #expect(made == (option.contains("/u") ? [] : option.contains("/") ? [directory] : [file]))
        let content = try shell(#"cat $'u\xe9' $'d\xe9'/* 2>/dev/null"#, in: folder)
        _ = try await content.exitStatus()
        #expect(content.output.text == "content")
    }

    /// The names of the home folder, the data folder and a file to send need not be UTF-8.
    @Test func pathsThatAreNotUTF8() async throws {
        let folder = try TemporaryFolder()
        let script = #"""
            set -e
            mkdir $'h\xe9'; printf content >$'f\xe9'; printf 'a password\n' >$'p\xe9'
            export HOME="$PWD/"$'h\xe9'
            "$CHATTY" users add yoda --data $'s\xe9' --password-file $'p\xe9'
            "$CHATTY" users list --data $'s\xe9' | grep -q yoda
            [ -f $'s\xe9/chatty.db' ]
            "$CHATTY" users add luke --password-file $'p\xe9'
            [ -f $'h\xe9/.local/share/chatty/chatty.db' ]
            XDG_DATA_HOME="$PWD/"$'x\xe9' "$CHATTY" users add leia --password-file $'p\xe9'
            [ -f $'x\xe9/chatty/chatty.db' ]
            mkdir out
            "$CHATTY" recv-file --count 1 -o out 2>log & receiver=$!
            until ticket=$(sed -n 's/^chatty: Ticket: //p' log) && [ -n "$ticket" ]; do sleep 0.05; done
            "$CHATTY" send-file --quiet $'f\xe9' "$ticket" && exit 9
            "$CHATTY" send-file --quiet --name f $'f\xe9' "$ticket"
            wait "$receiver"
            [ "$(cat out/f)" = content ]
            [ -f $'h\xe9/.local/share/chatty/transfer-key' ]
            ls -A
            """#
        let process = try shell(script, in: folder)
        #expect(try await process.exitStatus(within: .seconds(120)) == 0, "\(process.diagnostics.text)")
        #expect(try entries(folder.path).count == 7)
        #expect(process.diagnostics.text.contains("has a name that is not UTF-8"))
    }

    /// A word that must be text is refused if it is not UTF-8, and nothing is done.
    @Test(arguments: [
        #"send-file --name $'\xe9' file 127.0.0.1:9"#, #"serve 0 --tls-cert $'c\xe9' --tls-key key"#, #"users list --data $'none\xe9'"#,
        #"connect $'h\xe9' 9"#, #"users add $'y\xe9'"#,
    ])
    func whatMustBeTextIsRefused(words: String) async throws {
        let folder = try TemporaryFolder()
        let process = try shell(#""$CHATTY" \#(words)"#, in: folder)
        #expect(try await process.exitStatus() == 2)
        #expect(try entries(folder.path).isEmpty)
    }
}
