import Foundation
import NetworkIO
import TestSupport
import Testing

/// Transfers by a code, with real sockets on this machine's interfaces.
@Suite(
    "Codes", .fewAtATime,
    .enabled(if: Multicast.isAvailable, "this machine's network does not carry multicast from one program to another"))
struct CodeTests {
    private static func code(of process: ChattyProcess) async throws -> String {
        String(try await process.diagnostics.expect(#/Code: (\d+-[a-z]+-[a-z]+) /#).1)
    }

    /// The code with another word.
    private static func wrong(_ code: String) -> String {
        let parts = code.split(separator: "-")
        return "\(parts[0])-\(parts[1] == "guitar" ? "ahead" : "guitar")-\(parts[2])"
    }

    private static func source() throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        try folder.write("content", to: "file")
        return folder
    }

    @Test func theReceiverShowsItAndTheSenderTypesIt() async throws {
        let (folder, target) = (try Self.source(), try TemporaryFolder())
        let receiver = try ChattyProcess("recv-file", "--once", "-o", target.path)
        let code = try await Self.code(of: receiver)
        // As somebody types who has heard it.
        let typed = code.uppercased().replacing("-", with: " ")
        let sender = try ChattyProcess("send-file", "file", typed, directory: folder.path)
        #expect(try await sender.exitStatus() == 0)
        #expect(try await receiver.exitStatus() == 0)
        #expect(try String(contentsOfFile: target["file"], encoding: .utf8) == "content")
    }

    @Test func theSenderShowsItAndTheReceiverTypesIt() async throws {
        let (folder, target) = (try Self.source(), try TemporaryFolder())
        let sender = try ChattyProcess("send-file", "file", directory: folder.path)
        let code = try await Self.code(of: sender)
        let receiver = try ChattyProcess("recv-file", code, "-o", target.path)
        #expect(try await receiver.exitStatus() == 0)
        #expect(try await sender.exitStatus() == 0)
        #expect(try String(contentsOfFile: target["file"], encoding: .utf8) == "content")
    }

    /// Both sides are told, and the next code is as good as the first.
    @Test func aWrongCodeEndsIt() async throws {
        let (folder, target) = (try Self.source(), try TemporaryFolder())
        let receiver = try ChattyProcess("recv-file", "--once", "-o", target.path)
        let code = try await Self.code(of: receiver)
        let guesser = try ChattyProcess("send-file", "file", Self.wrong(code), directory: folder.path)
        #expect(try await guesser.exitStatus() == 4)
        #expect(
            try await guesser.diagnostics.end()
                == "chatty: The code \(Self.wrong(code)) is wrong, and nobody can use it any more. Ask for the one that the other side shows now.\n"
        )
        try await receiver.diagnostics.expect("has tried a wrong code. The code that was shown is not valid any more.\n")
        let next = try await Self.code(of: receiver)
        #expect(next != code)
        let sender = try ChattyProcess("send-file", "file", next, directory: folder.path)
        #expect(try await sender.exitStatus() == 0)
        #expect(try await receiver.exitStatus() == 0)
    }

    @Test func afterThreeWrongCodesTheSenderEnds() async throws {
        let (folder, target) = (try Self.source(), try TemporaryFolder())
        let sender = try ChattyProcess("send-file", "file", directory: folder.path)
        for _ in 0..<3 {
            let code = try await Self.code(of: sender)
            let guesser = try ChattyProcess("recv-file", Self.wrong(code), "-o", target.path)
            #expect(try await guesser.exitStatus() == 4)
        }
        #expect(try await sender.exitStatus() == 4)
        #expect(try await sender.diagnostics.end().contains("It was the third. Run the same command again for new codes."))
        #expect(try target.names() == [])
    }

    /// After the third the ticket is left.
    @Test func afterThreeWrongCodesTheReceiverHasItsTicket() async throws {
        let (folder, target) = (try Self.source(), try TemporaryFolder())
        let receiver = try ChattyProcess("recv-file", "--once", "-o", target.path)
        let ticket = String(try await receiver.diagnostics.expect(#/Ticket: (chatty1[a-z2-7]+)\n/#).1)
        for _ in 0..<3 {
            let code = try await Self.code(of: receiver)
            let guesser = try ChattyProcess("send-file", "file", Self.wrong(code), directory: folder.path)
            #expect(try await guesser.exitStatus() == 4)
        }
        try await receiver.diagnostics.expect("It was the third, so there is no other: use the ticket.\n")
        let sender = try ChattyProcess("send-file", "file", ticket, directory: folder.path)
        #expect(try await sender.exitStatus() == 0)
        #expect(try await receiver.exitStatus() == 0)
    }

    @Test func whoSendsMeetsNobodyWhoSends() async throws {
        let folder = try Self.source()
        let sender = try ChattyProcess("send-file", "file", directory: folder.path)
        let code = try await Self.code(of: sender)
        let other = try ChattyProcess("send-file", "file", code, directory: folder.path)
        #expect(try await other.exitStatus() == 1)
        #expect(try await other.diagnostics.end() == "chatty: The other side sends, too: one of you has to run chatty recv-file.\n")
    }

    @Test func nobodyHasTheNumber() async throws {
        let folder = try Self.source()
        // No code that is made has this number.
        for words in [["send-file", "file", "999-guitar-ahead"], ["recv-file", "999-guitar-ahead"]] {
            let process = try ChattyProcess(words: words, directory: folder.path)
            #expect(try await process.exitStatus() == 3)
            let text = try await process.diagnostics.end()
            #expect(text.contains("Nobody on this network shows a code with the number 999: is the other side still running,"), "\(text)")
        }
    }

    @Test(arguments: [["send-file", "file"], ["recv-file"]]) func aWordThatNoCodeHas(words: [String]) async throws {
        let folder = try Self.source()
        let process = try ChattyProcess(words: words + ["7-gitar-ahead"], directory: folder.path)
        #expect(try await process.exitStatus() == 2)
        let text = try await process.diagnostics.end()
        #expect(text.contains(": No code has the word gitar. Did you mean guitar?"), "\(text)")
    }

    /// Kept from the other users of the machine.
    @Test(arguments: [true, false]) func theCodeNeedNotBeOnTheCommandLine(isFile: Bool) async throws {
        let (folder, target) = (try Self.source(), try TemporaryFolder())
        let sender = try ChattyProcess("send-file", "file", directory: folder.path)
        let code = try await Self.code(of: sender)
        try target.write(code + "\n", to: "code")
        let receiver = try ChattyProcess(
            words: ["recv-file", "-o", "in/"] + (isFile ? ["-t", "code"] : []), directory: target.path,
            environment: isFile ? [:] : ["CHATTY_TICKET": code])
        #expect(try await receiver.exitStatus() == 0)
        #expect(try await sender.exitStatus() == 0)
        #expect(FileManager.default.fileExists(atPath: target["in/file"]))
    }

    @Test func aFileWithoutACode() async throws {
        let folder = try Self.source()
        let missing = try ChattyProcess("recv-file", "-t", "code", directory: folder.path)
        #expect(try await missing.exitStatus() == 1)
        #expect(try await missing.diagnostics.end() == "chatty: Cannot open code: No such file or directory.\n")
        let wrong = try ChattyProcess("recv-file", "-t", "file", directory: folder.path)
        #expect(try await wrong.exitStatus() == 2)
        #expect(try await wrong.diagnostics.end().contains("--ticket-file file: This is not a code: a code is a number and two words,"))
    }

    /// The sender leaves in mid-transfer: the receiver keeps what has arrived, and does not wait for another sender.
    @Test func aTransferThatIsInterrupted() async throws {
        let (folder, target) = (try TemporaryFolder(), try TemporaryFolder())
        try folder.write(Contents.make(5_000_000), to: "file")
        let sender = try ChattyProcess("send-file", "--limit", "1M", "file", directory: folder.path)
        let code = try await Self.code(of: sender)
        let receiver = try ChattyProcess("recv-file", "--progress", "json", code, "-o", target.path)
        try await receiver.diagnostics.expect("\"event\":\"progress\"")
        sender.signal(SIGTERM)
        #expect(try await sender.exitStatus() == 143)
        #expect(try await receiver.exitStatus() == 7)
        #expect(try target.names().contains("file.part"))
    }

    /// What programs read.
    @Test func itIsInTheEvents() async throws {
        let (folder, target) = (try Self.source(), try TemporaryFolder())
        let receiver = try ChattyProcess("recv-file", "--progress", "json", "--once", "-o", target.path)
        let shown = String(try await receiver.diagnostics.expect(#/"code":"(\d+-[a-z]+-[a-z]+)","event":"listening"/#).1)
        let sender = try ChattyProcess("send-file", "file", shown, directory: folder.path)
        #expect(try await sender.exitStatus() == 0)
        #expect(try await receiver.exitStatus() == 0)
        let sending = try ChattyProcess("send-file", "--progress", "json", "file", directory: folder.path)
        let code = String(try await sending.diagnostics.expect(#/"code":"(\d+-[a-z]+-[a-z]+)","event":"code"/#).1)
        let receiving = try ChattyProcess("recv-file", "--progress", "json", code, "-o", target.path)
        #expect(try await receiving.exitStatus() == 0)
        #expect(try await sending.exitStatus() == 0)
        try DocumentedEvents(of: "send-file").expect(try await sending.diagnostics.end())
        let events = try DocumentedEvents(of: "recv-file").expect(try await receiving.diagnostics.end())
        #expect(events.first == "listening" && events.last == "end")
    }
}

/// The same between two machines, which are network namespaces, over one kind of addresses.
@Suite(
    "Codes between two machines", .fewAtATime,
    .enabled(if: NetworkNamespaces.areAvailable, "needs unshare, ip(8), and the right to make a network namespace"),
    .enabled(if: Executable.path(of: "nsenter") != nil, "needs nsenter(1)"))
struct CodeLinkTests {
    @Test(arguments: [true, false]) func overOneKindOfAddresses(isIPv6: Bool) async throws {
        let (folder, target) = (try TemporaryFolder(), try TemporaryFolder())
        let source = try folder.write("content", to: "file")
        let addresses = { (end: String, number: Int) in
            isIPv6
                ? "ip -6 addr add fe80::\(number)/64 dev \(end) nodad" : "ip addr add 192.0.2.\(number)/24 dev \(end)"
        }
        let process = try ChattyProcess(
            words: [
                "-rn", "sh", "-c",
                """
                set -e
                ip link add one type veth peer name two; ip link set one addrgenmode none
                unshare -n sh -c 'echo there; exec sleep 100' >'\(folder["there"])' & other=$!
                trap 'kill $other' EXIT
                until grep -q there '\(folder["there"])'; do sleep 0.1; done
                ip link set two netns $other
                ip link set one up; \(addresses("one", 1))
                nsenter -n -t $other sh -c 'ip link set two addrgenmode none up; \(addresses("two", 2))'
                nsenter -n -t $other '\(Executable.chatty)' recv-file --once -o '\(target.path)' 2>'\(folder["said"])' & receiver=$!
                until code=$(sed -n 's/^chatty: Code: \\([^ ]*\\) .*/\\1/p' '\(folder["said"])') && [ -n "$code" ]; do sleep 0.1; done
                '\(Executable.chatty)' send-file '\(source)' $code
                wait $receiver
                """,
            ], executable: Executable.path(of: "unshare") ?? "unshare")
        #expect(try await process.exitStatus() == 0)
        #expect(try target.names() == ["file"])
    }
}

extension CodeLinkTests {
    /// The receiver is started before it has a network; later its network goes, and comes again as another interface.
    @Test func interfacesComeAndGo() async throws {
        let (folder, target) = (try TemporaryFolder(), try TemporaryFolder())
        for name in ["first", "second"] { try folder.write("content of \(name)", to: name) }
        let process = try ChattyProcess(
            words: [
                "-rn", "sh", "-c",
                """
                set -e
                unshare -n sh -c 'ip link set lo up; echo there; exec sleep 100' >'\(folder["there"])' & other=$!
                trap 'kill $other' EXIT
                until grep -q there '\(folder["there"])'; do sleep 0.1; done
                nsenter -n -t $other '\(Executable.chatty)' recv-file --count 2 -o '\(target.path)' 2>'\(folder["said"])' & receiver=$!
                until code=$(sed -n 's/^chatty: Code: \\([^ ]*\\) .*/\\1/p' '\(folder["said"])') && [ -n "$code" ]; do sleep 0.1; done
                for file in first second; do
                    ip link add one type veth peer name two
                    ip link set two netns $other
                    ip link set one up; ip addr add 192.0.2.1/24 dev one
                    nsenter -n -t $other sh -c 'ip link set two up; ip addr add 192.0.2.2/24 dev two'
                    '\(Executable.chatty)' send-file '\(folder.path)'/$file $code
                    ip link del one
                done
                wait $receiver
                """,
            ], executable: Executable.path(of: "unshare") ?? "unshare")
        #expect(try await process.exitStatus() == 0)
        #expect(try target.names() == ["first", "second"])
    }
}

/// Whether a datagram to a group reaches another socket of this machine.
enum Multicast {
    static let isAvailable: Bool = {
        guard let port = try? UDPSocket().port, let listener = try? LinkSockets(listens: true, port: port),
            let sender = try? LinkSockets(listens: false, port: port)
        else { return false }
        let interfaces = LinkSockets.usable(NetworkInterface.all())
        listener.join(interfaces)
        sender.sendToGroup([1], on: interfaces)
        var entries = listener.descriptors.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        return poll(&entries, nfds_t(entries.count), 2000) > 0
    }()
}
