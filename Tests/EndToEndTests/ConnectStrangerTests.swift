import Foundation
import SwiftASN1
import TestCertificates
import TestSupport
import Testing
import X509

extension ServiceTests {
    /// A server on an address other than loopback: in a network namespace of its own, without IPv6.
    @Suite(
        "A server never met before",
        .enabled(
            if: hasNamespaces, "iproute2 is not installed, or this machine does not let this user make a network namespace (unshare -rn)"))
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
            #expect(said.contains("This is the first connection to ") && said.contains("--accept-new"))
            #expect(said.contains("This server accepts connections without TLS from its own machine only."))
        }
    }

    /// Such a server with a name and with trusted authorities, both in a mount namespace of its own.
    @Suite(
        "A server with a certificate",
        .enabled(if: hasMounts, "needs network and mount namespaces for unprivileged users, and /etc/ssl/certs"))
    struct ConnectCertificateTests {
        /// Shows several certificates in turn to the same command. The first line of its stderr is the result.
        private static let script = """
            set -e
            ip link set lo up
            ip addr add 10.9.9.1/32 dev lo
            mount -t tmpfs tmpfs /etc/ssl/certs
            cp root.pem /etc/ssl/certs/ca-certificates.crt
            echo 10.9.9.1 chat.test > hosts
            mount --bind hosts /etc/hosts
            printf 'yoda secret-of-yoda\\n' > credentials
            cp good.pem tls.pem; cp good.key tls.key
            "$CHATTY" serve 0 --data data --credentials credentials --tls-cert tls.pem --tls-key tls.key > events 2> log & server=$!
            trap 'kill $server' EXIT
            until port=$(grep -o 'port [0-9]*' log); do sleep 0.1; done
            port=${port#port }
            shown=0
            show() {
                cp "$1.pem" tls.pem; cp "$1.key" tls.key; shown=$((shown + 1))
                kill -HUP "$server"
                until [ "$(grep -c 'Reloaded the settings' log)" = "$shown" ]; do sleep 0.1; done
                echo "- $1"
            }
            set +e
            export CHATTY_PASSWORD=secret-of-yoda
            told() { status=$?; echo "$status $(head -n 1 said)$(grep -o 'It is for .*\\|It expired .*\\|It was issued by [^,]*' said | sed 's/^/ /' | tr -d '\\n')"; }
            connect() { "$CHATTY" connect "${host:-chat.test}" "$port" -u yoda "$@" -c /activeuser > /dev/null 2> said; told; }
            forget() { "$CHATTY" connect --forget chat.test "$port" > /dev/null; }
            known() { sed "s/:$port / /; s/SHA256.*/KEY/" "$HOME/.local/share/chatty/known_hosts"; }

            echo "- good"; connect; known; connect
            show renewed; connect
            show own; connect --accept-new; connect; known
            "$CHATTY" users --online --server "chat.test:$port" -u yoda --accept-new > /dev/null 2> said; told
            forget; connect; connect --accept-new; known; connect
            show good; connect; known; connect --accept-new; known; connect
            show own; connect --accept-new
            forget
            for wrong in address other expired unknown; do show $wrong; connect --accept-new; connect; done
            known
            host=10.9.9.1; connect --accept-new
            show address; connect
            """

        @Test func itIsTakenForWhatItIs() async throws {
            let home = try TemporaryFolder()
            let root = try TestAuthority()
            let names = [GeneralName.dnsName("chat.test")]
            let past = Date(timeIntervalSince1970: 1_700_000_000)
            let certificates: [(String, TestAuthority.Issued)] = [
                ("good", try root.issue(names)), ("renewed", try root.intermediate().issue(names)),
                ("own", try TestAuthority.selfMade(names)),
                ("address", try root.issue([.ipAddress(ASN1OctetString(contentBytes: [10, 9, 9, 1]))])),
                ("other", try root.issue([.dnsName("other.test"), .dnsName("ch*.test")])),
                ("expired", try root.issue(names) { ($0.notBefore, $0.notAfter) = (past.addingTimeInterval(-9), past) }),
                ("unknown", try TestAuthority("Nobody").issue(names)),
            ]
            for (name, certificate) in certificates {
                try home.write(certificate.chainPEM, to: name + ".pem")
                try home.write(certificate.keyPEM, to: name + ".key")
            }
            try home.write(root.pem, to: "root.pem")
            let shell = try ChattyProcess(
                "-rmn", "sh", "-c", Self.script, home: home, environment: ["CHATTY": Executable.chatty],
                executable: try #require(Executable.path(of: "unshare")))
            let status = try await shell.exitStatus(within: .seconds(300))
            let port = try #require(shell.output.text.firstMatch(of: /chat\.test:(\d+)/)).1
            #expect(status == 0, "\(shell.diagnostics.text)")
            let refused = "4 chatty: The certificate of chat.test:PORT is not accepted."
            let changed = "4 chatty: THE KEY OF chat.test:PORT HAS CHANGED."
            #expect(
                try await shell.output.end().replacing(":\(port)", with: ":PORT") == """
                    - good
                    0\u{20}
                    chat.test vouched
                    0\u{20}
                    - renewed
                    0\u{20}
                    - own
                    \(changed)
                    \(changed)
                    chat.test vouched
                    \(changed)
                    4 chatty: This is the first connection to chat.test:PORT, and its certificate is self-signed. Its key is
                    0\u{20}
                    chat.test KEY
                    0\u{20}
                    - good
                    \(changed)
                    chat.test KEY
                    0 chatty: The key of chat.test:PORT has changed. The new key has a certificate of 'Test Root', an authority that this system trusts. \
                    From now on this server is accepted only with a certificate of an authority.
                    chat.test vouched
                    0\u{20}
                    - own
                    \(changed)
                    - address
                    \(refused) It is for the address 10.9.9.1, which is not this server.
                    \(refused) It is for the address 10.9.9.1, which is not this server.
                    - other
                    \(refused) It is for other.test, ch*.test, which is not this server.
                    \(refused) It is for other.test, ch*.test, which is not this server.
                    - expired
                    \(refused) It expired on 2023-11-14T22:13:20Z.
                    \(refused) It expired on 2023-11-14T22:13:20Z.
                    - unknown
                    \(refused) It was issued by 'Nobody'
                    \(refused) It was issued by 'Nobody'
                    4 chatty: The certificate of 10.9.9.1:PORT is not accepted. It is for chat.test, which is not this server. It was issued by 'Nobody'
                    - address
                    0\u{20}

                    """)
        }
    }

    /// Whether `unshare -rn` works here; containers often forbid it.
    private static let hasNamespaces = Executable.path(of: "ip") != nil && canUnshare("-rn", "true")

    /// Whether the system's authorities and host names can be replaced in a namespace.
    private static let hasMounts =
        Executable.path(of: "ip") != nil && canUnshare("-rmn", "mount -t tmpfs tmpfs /etc/ssl/certs && mount --bind /dev/null /etc/hosts")

    private static func canUnshare(_ what: String, _ command: String) -> Bool {
        guard let unshare = Executable.path(of: "unshare") else { return false }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: unshare)
        process.arguments = [what, "sh", "-c", command]
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return false }
        process.waitUntilExit()
        return process.terminationStatus == 0
    }
}
