import Connectivity
import TransferProtocol

/// A public STUN server.
package final class STUNServer: NetworkProgram {
    private var answerer: STUNAnswerer
    private var answers: [SentDatagram] = []

    package init(seed: UInt64) {
        var random = SplitMix(seed: seed)
        answerer = STUNAnswerer(random: &random)
    }

    package func receive(_ datagram: [UInt8], from: NetworkAddress, at now: Duration) {
        guard let answer = datagram.withUnsafeBytes({ answerer.answer($0, from: from, at: now) }) else { return }
        answers.append(SentDatagram(bytes: answer, to: from))
    }

    package func nextDatagram(at now: Duration) -> SentDatagram? { answers.isEmpty ? nil : answers.removeFirst() }

    package var nextTimeout: Duration? { nil }
}
