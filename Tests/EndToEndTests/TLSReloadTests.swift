import Foundation
import Testing

@testable import ChatServer

/// Certificates of the host's own, read again by a server that runs.
@Suite("Certificates")
struct TLSReloadTests {
    /// Replaces certificate and key by new ones.
    /// - Returns: the fingerprint.
    private static func renew(_ home: TemporaryDirectory) throws -> String {
        for name in ["tls-cert.pem", "tls-key.pem"] where FileManager.default.fileExists(atPath: home["pki"] + "/" + name) {
            try FileManager.default.removeItem(atPath: home["pki"] + "/" + name)
        }
        try FileManager.default.createDirectory(atPath: home["pki"], withIntermediateDirectories: true)
        return try TLSIdentity(of: DataFolder(home["pki"])).fingerprint
    }

    @Test func aNewOneIsShownAndABadOneIsToldAndTheOldOneStays() async throws {
        let home = try await ServerProcess.home()
        let old = try Self.renew(home)
        let (certificate, key) = (home["pki"] + "/tls-cert.pem", home["pki"] + "/tls-key.pem")
        let server = try await ServerProcess(home: home, options: ["--tls-cert", certificate, "--tls-key", key])
        #expect(server.process.diagnostics.text.contains("certificate \(old)\n"))
        #expect(!FileManager.default.fileExists(atPath: home["data"] + "/tls-key.pem"), "it has no need of one of its own")

        /// Whether a client that takes only that certificate gets in.
        func isShown(_ fingerprint: String) async throws -> Bool {
            let client = try ChattyProcess(
                "connect", "127.0.0.1", "\(server.port)", "-u", "luke", "--fingerprint", fingerprint, "-c", "/activeuser",
                environment: ["CHATTY_PASSWORD": "sky"])
            try client.closeInput()
            return try await client.exitStatus() == 0
        }
        #expect(try await isShown(old))
        let stays = try ChattyProcess(
            "connect", "127.0.0.1", "\(server.port)", "-u", "yoda", "--fingerprint", old, "--listen", "--count", "1",
            environment: ["CHATTY_PASSWORD": "wise"])
        try stays.closeInput()
        try await server.process.output.expect("User: yoda successfully logged in.\n")

        let new = try Self.renew(home)
        server.process.signal(SIGHUP)
        try await server.process.diagnostics.expect("chatty: Reloaded the settings, certificate \(new)\n")
        #expect(try await isShown(new))
        #expect(try await !isShown(old))

        for (content, complaint) in [
            ("nonsense", "The certificate \(certificate) is not a certificate in PEM."),
            (try String(contentsOfFile: key, encoding: .utf8), "The certificate \(certificate) is not a certificate in PEM."),
        ] {
            try content.write(toFile: certificate, atomically: true, encoding: .utf8)
            server.process.signal(SIGHUP)
            try await server.process.diagnostics.expect("chatty: Nothing was changed. \(complaint)\n")
            #expect(try await isShown(new))
        }
        try FileManager.default.removeItem(atPath: certificate)
        server.process.signal(SIGHUP)
        try await server.process.diagnostics.expect("chatty: Nothing was changed. The certificate \(certificate) cannot be read: ")
        #expect(try await isShown(new))

        // Who was there before all this is still there.
        let luke = try await server.logIn("luke", "sky")
        try luke.send("PRIVMSG yoda :are you there?\r\n")
        #expect(try await stays.exitStatus() == 0)
        #expect(stays.output.text.contains("are you there?"))
    }

    @Test func aKeyOfAnotherCertificateIsOneLine() async throws {
        let home = try TemporaryDirectory()
        _ = try Self.renew(home)
        let certificate = try home.write(String(contentsOfFile: home["pki"] + "/tls-cert.pem", encoding: .utf8), to: "cert.pem")
        _ = try Self.renew(home)
        let key = home["pki"] + "/tls-key.pem"
        let process = try ChattyProcess("serve", "0", "--data", home["data"], "--tls-cert", certificate, "--tls-key", key)
        #expect(try await process.exitStatus() == 1)
        #expect(
            try await process.diagnostics.end() == "chatty: The private key \(key) does not belong to the certificate \(certificate).\n")
        let half = try ChattyProcess("serve", "0", "--data", home["data"], "--tls-cert", certificate)
        #expect(try await half.exitStatus() == 2)
    }
}
