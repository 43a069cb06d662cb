import Foundation
import TestSupport
import Testing

/// The addresses that `recv-file` shows, in network namespaces with other addresses than this machine's.
@Suite(
    "Addresses", .fewAtATime,
    .enabled(if: NetworkNamespaces.areAvailable, "needs unshare, ip(8), and the right to make a network namespace"))
struct AddressesTests {
    /// Runs `commands` and then `recv-file` in a new namespace, whose only interface at first is `lo`, which is down.
    private static func receiver(_ words: [String] = [], after commands: String, into target: TemporaryFolder) throws -> ChattyProcess {
        let line = "set -e\n\(commands)\nexec '\(Executable.chatty)' recv-file 4242 -o '\(target.path)' \(words.joined(separator: " "))"
        return try ChattyProcess(words: ["-rn", "sh", "-c", line], executable: Executable.path(of: "unshare") ?? "unshare")
    }

    private static func addresses(_ text: String) -> [String] {
        text.split(separator: "\n").compactMap { $0.hasPrefix("chatty: Address: ") ? String($0.dropFirst("chatty: Address: ".count)) : nil }
    }

    @Test func twentyBridgesDoNotHideTheNetwork() async throws {
        let target = try TemporaryFolder()
        let process = try Self.receiver(
            after: """
                ip link set lo up
                for i in $(seq 20); do ip link add br$i type bridge; ip addr add 172.17.$i.1/24 dev br$i; ip link set br$i up; done
                ip link add eth0 type veth peer name other; ip link set other up; ip link set eth0 up
                ip addr add 192.0.2.2/24 dev eth0; ip route add default via 192.0.2.1
                """, into: target)
        try await process.diagnostics.expect(
            /The ticket has room for 16 addresses; left out: .*br\d+.* more\. If senders need one of these, give it with --announce\.\n/)
        let addresses = Self.addresses(process.diagnostics.text)
        #expect(addresses.count == 16)
        #expect(addresses.first == "192.0.2.2:4242")
        #expect(addresses.contains("127.0.0.1:4242"))
    }

    /// A link-local address reaches hosts on the same link, from any interface; here both are one host.
    @Test func aLinkLocalAddressIsOfUse() async throws {
        let target = try TemporaryFolder()
        let folder = try TemporaryFolder()
        let source = try folder.write("content", to: "file")
        let process = try ChattyProcess(
            words: [
                "-rn", "sh", "-c",
                """
                set -e
                ip link add eth0 type veth peer name other; ip link set other up; ip link set eth0 up
                ip -6 addr add fe80::1/64 dev eth0 nodad
                exec '\(Executable.chatty)' recv-file 4242 --once -o '\(target.path)' 2>'\(folder["said"])' &
                until ticket=$(sed -n 's/^chatty: Ticket: //p' '\(folder["said"])') && [ -n "$ticket" ]; do sleep 0.1; done
                '\(Executable.chatty)' send-file '\(source)' $ticket
                wait
                """,
            ], executable: Executable.path(of: "unshare") ?? "unshare")
        #expect(try await process.exitStatus() == 0)
        #expect(try target.names() == ["file"])
        let said = try String(contentsOfFile: folder["said"], encoding: .utf8)
        #expect(Self.addresses(said).contains("[fe80::1]:4242"))
        #expect(said.contains("Only senders on the same network can connect"))
    }

    @Test func loopbackAlone() async throws {
        let target = try TemporaryFolder()
        let process = try Self.receiver(after: "ip link set lo up", into: target)
        try await process.diagnostics.expect("chatty: Only senders on this machine can connect: it has no other address.")
        #expect(Self.addresses(process.diagnostics.text).first == "127.0.0.1:4242")
    }

    @Test func noneAtAll() async throws {
        let target = try TemporaryFolder()
        let process = try Self.receiver(after: "true", into: target)
        #expect(try await process.exitStatus() == 1)
        #expect(
            try await process.diagnostics.end()
                == "chatty: This machine has no network address that a sender could reach: connect it to a network first.\n")
    }

    @Test func theAnnouncedOnesInstead() async throws {
        let target = try TemporaryFolder()
        let process = try Self.receiver(
            ["--announce", "203.0.113.7:99", "--announce", "198.51.100.1", "--announce", "2001:db8::1"], after: "true", into: target)
        try await process.diagnostics.expect("Address: [2001:db8::1]:4242\n")
        #expect(Self.addresses(process.diagnostics.text) == ["203.0.113.7:99", "198.51.100.1:4242", "[2001:db8::1]:4242"])
        for word in ["nowhere", "host:9", "203.0.113.7:0", "203.0.113.7:99999"] {
            let wrong = try ChattyProcess("recv-file", "--announce", word)
            #expect(try await wrong.exitStatus() == 2)
        }
    }
}

/// Whether network namespaces can be created here.
enum NetworkNamespaces {
    static let areAvailable: Bool = {
        guard Executable.path(of: "ip") != nil, let unshare = Executable.path(of: "unshare") else { return false }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: unshare)
        process.arguments = ["-rn", "sh", "-c", "ip link add br0 type bridge && ip link add v0 type veth peer name v1"]
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return false }
        process.waitUntilExit()
        return process.terminationStatus == 0
    }()
}
