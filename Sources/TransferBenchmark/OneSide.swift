import Connectivity
import Foundation
import NetworkIO
import TransferIO
import TransferProtocol

/// One side of a transfer between two processes, for profiling: `TransferBenchmark recv PORT FOLDER` and, started after it,
/// `TransferBenchmark send PORT FILE [MTU [cubic|bbr]]`. Each prints its seconds, MB/s and CPU seconds.
enum OneSide {
    static func run(_ arguments: [String]) async throws {
        let secret = [UInt8](repeating: 3, count: 32)
        let receiverKey = try NoiseKeyPair(privateBytes: [UInt8](repeating: 1, count: 32))
        guard arguments.count >= 4, let port = UInt16(arguments[2]) else {
            print("usage: TransferBenchmark recv PORT FOLDER | send PORT FILE [MTU [cubic|bbr]]")
            exit(2)
        }
        var configuration = TransferConfiguration()
        if arguments.count > 4, let mtu = Int(arguments[4]) { configuration.maximumDatagramSize = mtu }
        if arguments.count > 5, let control = TransferConfiguration.CongestionControl(rawValue: arguments[5]) {
            configuration.congestionControl = control
        }

        if arguments[1] == "recv" {
            let folder = try ReceiveFolder(path: arguments[3])
            let (sessions, incoming) = AsyncStream.makeStream(of: TransferSession.self)
            let loop = try TransferLoop(
                socket: UDPSocket(port: port), staticKey: receiverKey.privateBytes, configuration: configuration,
                incoming: { incoming.yield($0) })
            loop.setInvitations([Invitation(preSharedKey: secret)])
            for await session in sessions {
                let clock = ContinuousClock()
                let start = clock.now
                for await update in session.updates {
                    if case .offered(let file, let offer) = update, let name = SafeName(offer.name) {
                        session.accept(
                            file, into: try DestinationFile(in: folder, name: name, offer: offer, senderKey: [], overwrite: true))
                    }
                    if case .done = update { report("RX", session, clock.now - start) }
                    if case .ended(let outcome) = update, outcome != .complete { print(outcome) }
                }
                break
            }
            await loop.shutDown()
        } else {
            let loop = try TransferLoop(
                socket: UDPSocket(), staticKey: NoiseKeyPair().privateBytes, configuration: configuration, incoming: { _ in })
            let clock = ContinuousClock()
            let start = clock.now
            let session = loop.send(
                [try SourceFile(path: arguments[3])], to: [NetworkAddress(ipv4: 0x7F00_0001, port: port)], remoteKey: receiverKey.publicKey,
                preSharedKey: secret)
            for await update in session.updates {
                if case .ended(let outcome) = update {
                    report("TX", session, clock.now - start)
                    if outcome != .complete { print(outcome) }
                }
            }
            await loop.shutDown()
        }
    }

    private static func cpuSeconds() -> (user: Double, system: Double) {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
        return (seconds(usage.ru_utime), seconds(usage.ru_stime))
    }

    private static func report(_ name: String, _ session: TransferSession, _ elapsed: Duration) {
        let (user, system) = cpuSeconds()
        let seconds = elapsed / .seconds(1)
        let figures = session.statistics
        print(
            "\(name) el \(seconds) MB/s \(Double(figures.bytesDone) / 1e6 / seconds) user \(user) sys \(system) lost \(figures.packetsLost) of "
                + "\(figures.packetsSent) rtt \(figures.smoothedRTT.inSeconds * 1e6) us min \(figures.minimumRTT.inSeconds * 1e6) window "
                + "\(figures.congestionWindow) datagram \(figures.datagramSize) limit \(figures.limit) spurious \(figures.spuriousLosses)")
    }
}
