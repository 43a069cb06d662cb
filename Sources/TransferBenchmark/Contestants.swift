import BenchmarkSupport
import Foundation

/// `chatty send-file` to `chatty recv-file`, the built program as users run it.
struct ChattyContestant: Contestant {
    let name: String
    let program: String
    /// Options of the sender.
    var options: [String] = []

    func run(_ bench: Bench) throws -> Sample {
        let home = ["HOME": bench.folder + "/home"]
        let receiver = try Child(
            [program, "recv-file", "-o", bench.folder + "/target", "--once", "--overwrite", "--quiet"], environment: home)
        let ticket = try receiver.wait(for: /Ticket: (chatty1[a-z2-7]+)\n/)
        return try bench.measure {
            let sender = try Child([program, "send-file", "--quiet"] + options + [bench.source, ticket], environment: home)
            let sent = sender.end()
            let received = receiver.end()
            guard sent.status == 0, received.status == 0 else { throw BenchmarkError("status \(sent.status), \(received.status)") }
            return sent.cpu + received.cpu
        }
    }
}

/// The C yardstick: one thread for each side, no loss recovery, no checks.
struct YardstickContestant: Contestant {
    let name = "C yardstick"
    let program: String

    func run(_ bench: Bench) throws -> Sample {
        let port = try Machine.freePort()
        let receiver = try Child([program, "-r", "-c", "-f", "-F", bench.target, "-s", "\(bench.size)", "-p", "\(port)"])
        // It does not signal that it is ready.
        usleep(200_000)
        return try bench.measure {
            let sender = try Child([program, "-t", "-c", "-f", "-F", bench.source, "-p", "\(port)"])
            let sent = sender.end()
            let received = receiver.end()
            guard sent.status == 0, received.status == 0 else { throw BenchmarkError("it lost a packet, which it cannot mend") }
            return sent.cpu + received.cpu
        }
    }
}

/// `rsync` from a daemon, unencrypted.
struct RsyncContestant: Contestant {
    let name = "rsync daemon, not encrypted"
    let program: String

    func run(_ bench: Bench) throws -> Sample {
        let port = try Machine.freePort()
        let configuration = bench.folder + "/rsyncd.conf"
        try "use chroot = no\n[source]\npath = \(bench.folder)/source\nuid = \(getuid())\ngid = \(getgid())\n".write(
            toFile: configuration, atomically: false, encoding: .utf8)
        let daemon = try Child([program, "--daemon", "--no-detach", "--address=127.0.0.1", "--port=\(port)", "--config=\(configuration)"])
        try Machine.waitForListener(port)
        let sample = try bench.measure {
            let client = try Child([program, "--whole-file", "rsync://127.0.0.1:\(port)/source/file.bin", bench.target]).end()
            guard client.status == 0 else { throw BenchmarkError("rsync failed") }
            return client.cpu
        }
        daemon.stop()
        // The daemon's children do the work, and their CPU time is not reported.
        return Sample(seconds: sample.seconds, cpu: .nan)
    }
}

/// `curl` from nginx over TLS 1.3.
struct NginxContestant: Contestant {
    let name = "curl from nginx, TLS 1.3"
    let nginx: String
    let curl: String
    let openssl: String

    func run(_ bench: Bench) throws -> Sample {
        let port = try Machine.freePort()
        let folder = bench.folder + "/nginx"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        if !FileManager.default.fileExists(atPath: folder + "/key.pem") {
            _ = try Child([
                openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
                "/CN=localhost", "-keyout", folder + "/key.pem", "-out", folder + "/cert.pem",
            ]).end()
        }
        let user = getuid() == 0 ? "user root;" : ""
        try """
        \(user) daemon off; worker_processes 1; pid \(folder)/pid; error_log \(folder)/error.log;
        events {}
        http {
            access_log off; sendfile on;
            client_body_temp_path \(folder)/a; proxy_temp_path \(folder)/b; fastcgi_temp_path \(folder)/c; uwsgi_temp_path \(folder)/d;
            scgi_temp_path \(folder)/e;
            server {
                listen 127.0.0.1:\(port) ssl; root \(bench.folder)/source;
                ssl_certificate \(folder)/cert.pem; ssl_certificate_key \(folder)/key.pem; ssl_protocols TLSv1.3;
            }
        }
        """.write(toFile: folder + "/nginx.conf", atomically: false, encoding: .utf8)
        let server = try Child([nginx, "-p", folder, "-e", folder + "/error.log", "-c", folder + "/nginx.conf"])
        defer { server.stop() }
        try Machine.waitForListener(port)
        return try bench.measure {
            let client = try Child([
                curl, "--silent", "--insecure", "--tlsv1.3", "--output", bench.target, "https://127.0.0.1:\(port)/file.bin",
            ]).end()
            guard client.status == 0 else { throw BenchmarkError("curl failed") }
            return .nan
        }
    }
}

/// `srt-file-transmit`, unencrypted.
struct SRTContestant: Contestant {
    let name = "srt-file-transmit, not encrypted"
    let program: String

    func run(_ bench: Bench) throws -> Sample {
        let port = try Machine.freePort()
        let receiver = try Child([program, "-q", "srt://127.0.0.1:\(port)?mode=listener", "file://\(bench.folder)/target/"])
        usleep(300_000)
        return try bench.measure {
            let sender = try Child([program, "-q", "file://\(bench.source)", "srt://127.0.0.1:\(port)"])
            let sent = sender.end()
            let received = receiver.end()
            return sent.cpu + received.cpu
        }
    }
}
