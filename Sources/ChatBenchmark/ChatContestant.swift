import BenchmarkSupport
import ChatProtocol
import ChatServer
import ChatStoreSQLite
import Foundation

/// A chat server that takes part in the comparison.
protocol ChatContestant {
    var name: String { get }
    /// Whether a message is on the disk before the server acknowledges it.
    var keepsMessages: Bool { get }
    /// Starts the server without any history, with its files in `folder` and an account for each client.
    func start(in folder: String, clients: Int) throws -> RunningContestant
}

struct RunningContestant {
    let process: Child
    let port: UInt16
    /// A resume token for each client; nil where the server needs no log-in.
    let tokens: [String]?
}

/// The built `chatty serve`; its clients log in with resume tokens.
struct ChattyContestant: ChatContestant {
    let program: String
    let name: String
    let keepsMessages = true

    init(program: String) throws {
        self.program = program
        name = "chatty"
    }

    func start(in folder: String, clients: Int) throws -> RunningContestant {
        let data = DataFolder(folder + "/data")
        try data.prepare()
        let store = try Store(data)
        let names = try (0..<clients).map { try Name("u\($0)") }
        let tokens = try AccountBook(store).addWithTokens(
            names, at: Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1000)))
        try store.close()
        let port = try Machine.freePort()
        let process = try Child(
            [program, "serve", "\(port)", "--data", data.path, "--message-rate", "0", "--max-connections-per-address", "0"],
            capturesStderr: false)
        try Machine.waitForListener(port)
        return RunningContestant(process: process, port: port, tokens: tokens)
    }
}

struct NgIRCdContestant: ChatContestant {
    let program: String
    let name: String
    let keepsMessages = false

    func start(in folder: String, clients: Int) throws -> RunningContestant {
        let port = try Machine.freePort()
        try """
        [Global]
        Name = bench.local
        Info = bench
        Listen = 127.0.0.1
        Ports = \(port)
        MotdPhrase = none
        ServerUID = \(getuid() == 0 ? 65534 : getuid())
        ServerGID = \(getuid() == 0 ? 65534 : getgid())
        [Limits]
        MaxConnections = 0
        MaxConnectionsIP = 0
        MaxJoins = 0
        MaxNickLength = 16
        MaxPenaltyTime = 0
        PingTimeout = 600
        [Options]
        DNS = no
        Ident = no
        PAM = no
        """.write(toFile: folder + "/ngircd.conf", atomically: false, encoding: .utf8)
        let process = try Child([program, "-n", "-f", folder + "/ngircd.conf"], capturesStderr: false)
        try Machine.waitForListener(port)
        return RunningContestant(process: process, port: port, tokens: nil)
    }
}

struct InspIRCdContestant: ChatContestant {
    let program: String
    let name: String
    let keepsMessages = false

    func start(in folder: String, clients: Int) throws -> RunningContestant {
        let port = try Machine.freePort()
        try """
        <server name="bench.local" description="bench" network="bench">
        <admin name="bench" nick="bench" email="bench@localhost">
        <bind address="127.0.0.1" port="\(port)" type="clients">
        <connect name="all" allow="*" timeout="60" pingfreq="600" hardsendq="64M" softsendq="64M" recvq="1M" localmax="100000" globalmax="100000"
            maxconnwarn="no" threshold="100000000" commandrate="1000000000" fakelag="no" limit="100000" resolvehostnames="no" useident="no"
            maxchans="100">
        <performance softlimit="100000" somaxconn="4096" nouserdns="yes" quietbursts="yes" netbuffersize="65535">
        <log method="file" target="/dev/null" type="*" level="default">
        <limits maxnick="32" maxchan="64">
        <files motd="/dev/null">
        """.write(toFile: folder + "/inspircd.conf", atomically: false, encoding: .utf8)
        let root = getuid() == 0 ? ["--runasroot"] : []
        let process = try Child([program, "--config=\(folder)/inspircd.conf", "--nofork", "--nopid"] + root, capturesStderr: false)
        try Machine.waitForListener(port)
        return RunningContestant(process: process, port: port, tokens: nil)
    }
}
