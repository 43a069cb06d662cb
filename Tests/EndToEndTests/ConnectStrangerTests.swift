import Foundation
import Testing

extension ServiceTests {
    /// A server on what is not this machine's loopback: in a network namespace of its own, where it has no IPv6 address either.
    @Suite("A server never met before", .enabled(if: hasNamespaces, "needs network namespaces for unprivileged users"))
    struct ConnectStrangerTests {
        private static let script = """
            set -e
            ip link set lo up
            ip addr add 10.9.9.1/32 dev lo
            printf 'yoda secret-of-yoda\\n' > credentials
            "$CHATTY" serve 0 --data data --credentials credentials > events 2> log & server=$!
            trap 'kill $server' EXIT
            until port=$(grep -o 'port [0-9]*' log); do sleep 0.1; done
            port=${port#port }
            set +e
            connect() { "$CHATTY" connect 10.9.9.1 "$port" -u yoda "$@" -c /activeuser; echo "status $?"; }
            export CHATTY_PASSWORD=secret-of-yoda
            connect
            connect --no-tls
            connect --accept-new
            connect
            """

        @Test func itIsRefusedInAScriptUnlessItIsAccepted() async throws {
            let shell = try ChattyProcess(
                "-rn", "sh", "-c", Self.script, environment: ["CHATTY": Executable.chatty],
                executable: try #require(Executable.path(of: "unshare")))
            #expect(try await shell.exitStatus(within: .seconds(120)) == 0)
            #expect(
                try await shell.output.end() == """
                    status 4
                    status 3
                    No other active user.
                    status 0
                    No other active user.
                    status 0

                    """)
            let said = shell.diagnostics.text
            #expect(said.contains("was never met before") && said.contains("--accept-new"))
            #expect(said.contains("This server takes plain text on its loopback addresses only."))
        }
    }

    /// Whether `unshare -rn` works here; containers often forbid it.
    private static let hasNamespaces: Bool = {
        guard let unshare = Executable.path(of: "unshare"), Executable.path(of: "ip") != nil else { return false }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: unshare)
        process.arguments = ["-rn", "true"]
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return false }
        process.waitUntilExit()
        return process.terminationStatus == 0
    }()
}
