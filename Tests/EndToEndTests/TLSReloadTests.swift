import Foundation
import TestCertificates
import TestSupport
import Testing
import X509

@testable import ChatServer
@testable import ChatStoreSQLite

/// Certificates of the host, reloaded by a running server.
@Suite("Certificates", .fewAtATime)
struct TLSReloadTests {
    /// Replaces certificate and key.
    /// - Returns: the new fingerprint.
    private static func renew(_ home: TemporaryFolder) throws -> String {
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

        /// Whether a client that accepts only this certificate can log in.
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

        // The session from before the changes still exists.
        let luke = try await server.logIn("luke", "sky")
        try luke.send("PRIVMSG yoda :are you there?\r\n")
        #expect(try await stays.exitStatus() == 0)
        #expect(stays.output.text.contains("are you there?"))
    }

    /// A refused client would tell nobody, so the host is warned when the server starts and when it reloads the certificate.
    @Test func oneThatExpiresIsToldToTheHost() async throws {
        let home = try await ServerProcess.home()
        func write(until end: Date) throws {
            let issued = try TestAuthority.selfMade([.dnsName("chat.test")]) {
                ($0.notBefore, $0.notAfter) = (Date(timeIntervalSince1970: 1_600_000_000), end)
            }
            try home.write(issued.chainPEM, to: "cert.pem")
            try home.write(issued.keyPEM, to: "key.pem")
        }
        let certificate = home["cert.pem"]
        try write(until: Date(timeIntervalSince1970: 1_700_000_000))
        let server = try await ServerProcess(home: home, options: ["--tls-cert", certificate, "--tls-key", home["key.pem"]])
        #expect(
            server.process.diagnostics.text.contains(
                "chatty: The certificate \(certificate) expired on 2023-11-14: clients refuse it. Renew it, then send SIGHUP.\n"))
        try write(until: Date().addingTimeInterval(10 * 86_400 + 3600))
        server.process.signal(SIGHUP)
        try await server.process.diagnostics.expect("chatty: The certificate \(certificate) expires in 10 days, on ")
        try write(until: Date().addingTimeInterval(90 * 86_400))
        let fingerprint = try TLSIdentity(certificateFile: certificate, keyFile: home["key.pem"]).fingerprint
        server.process.signal(SIGHUP)
        try await server.process.diagnostics.expect("chatty: Reloaded the settings, certificate \(fingerprint)\n")
        #expect(server.process.diagnostics.text.split(separator: "\n").count { $0.contains("expire") } == 2)
    }

    /// Files as editors of other systems write them.
    @Test func aByteOrderMarkIsNoneOfAFile() async throws {
        let home = try TemporaryFolder()
        let password = try home.write("\u{FEFF}sky\r\n", to: "password.txt")
        let credentials = try home.write("\u{FEFF}yoda wise\r\n", to: "credentials.txt")
        _ = try Self.renew(home)
        for name in ["tls-cert.pem", "tls-key.pem"] {
            try home.write("\u{FEFF}" + String(contentsOfFile: home["pki"] + "/" + name, encoding: .utf8), to: name)
        }
        let add = try ChattyProcess(words: ["users", "add", "luke", "--password-file", password, "--data", home["data"]], home: home)
        #expect(try await add.exitStatus() == 0)
        let server = try await ServerProcess(
            home: home,
            options: ["--credentials", credentials, "--tls-cert", home["tls-cert.pem"], "--tls-key", home["tls-key.pem"]])
        _ = try await server.logIn("luke", "sky")
        _ = try await server.logIn("yoda", "wise")
        let client = try ChattyProcess(
            words: ["connect", "127.0.0.1", "\(server.port)", "-u", "luke", "--password-file", password, "-c", "/activeuser"], home: home)
        #expect(try await client.exitStatus() == 0, "\(client.diagnostics.text)")
        let script = try ChattyProcess(
            words: ["connect", "127.0.0.1", "\(server.port)", "-u", "luke", "--password-file", password], home: home)
        try script.type("\u{FEFF}/activeuser\n/logout\n")
        try script.closeInput()
        #expect(try await script.exitStatus() == 0, "\(script.diagnostics.text)")
    }

    @Test func aKeyOfAnotherCertificateIsOneLine() async throws {
        let home = try TemporaryFolder()
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
