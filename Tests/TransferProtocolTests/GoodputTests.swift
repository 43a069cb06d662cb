import Foundation
import Testing

@testable import TransferProtocol

/// Goodput through the simulator. The full table takes a while: it runs only when `CHATTY_GOODPUT` is set.
@Suite struct GoodputTests {
    static func goodput(
        _ control: TransferConfiguration.CongestionControl, megabits: Double, delay: Int64, loss: Double, queue: Double = 1,
        seconds: Double = 30,
        seed: UInt64 = 1
    ) throws -> (share: Double, standingDelay: Double, statistics: TransferStatistics) {
        var configuration = TransferConfiguration()
        configuration.congestionControl = control
        let rate = megabits * 1e6
        // `delay` is one way: the round trip is twice as long.
        let product = rate / 8 * Double(2 * delay) / 1000
        var model = LinkModel(rate: rate, delay: .milliseconds(delay), queue: max(Int(product * queue), 3000))
        model.loss = loss
        model.mtu = 1500
        var back = model
        back.loss = loss
        let simulation = try Simulation(seed: seed, forward: model, back: back, configuration: configuration)
        let file = Simulation.file(size: Int(rate / 8 * seconds * 1.2), seed: 1)
        let connection = try simulation.send([file], ends: false)
        let start = simulation.now
        simulation.run(for: .seconds(seconds)) { false }
        let statistics = connection.statistics
        let took = (simulation.now - start).inSeconds
        let queueing = (statistics.smoothedRTT.inSeconds - statistics.minimumRTT.inSeconds) / statistics.minimumRTT.inSeconds
        return (Double(statistics.bytesDone) * 8 / took / rate, 1 + queueing, statistics)
    }

    /// Random loss costs its share of the rate, not the rate: five seconds of a cell of the table, small enough for every run.
    @Test(arguments: [0, 0.01, 0.05]) func randomLossIsNotTakenForCongestion(loss: Double) throws {
        let result = try Self.goodput(.bbr, megabits: 10, delay: 10, loss: loss, seconds: 8)
        #expect(result.share > 0.95 - 1.5 * loss - 0.05, "goodput \(result.share)")
    }

    @Test(.enabled(if: ProcessInfo.processInfo.environment["CHATTY_GOODPUT"] != nil)) func table() throws {
        let wanted = ProcessInfo.processInfo.environment["CHATTY_GOODPUT"] ?? ""
        for control in TransferConfiguration.CongestionControl.allCases where wanted == "all" || wanted == control.rawValue {
            for (megabits, delay) in [(10.0, Int64(10)), (100, 25), (100, 100)] {
                for loss in [0, 0.001, 0.01, 0.05] {
                    let result = try Self.goodput(control, megabits: megabits, delay: delay, loss: loss, seconds: 30)
                    print(
                        control, megabits, delay, loss, "goodput", (result.share * 1000).rounded() / 1000, "rtt x",
                        (result.standingDelay * 100).rounded() / 100, "lost", result.statistics.packetsLost, "of",
                        result.statistics.packetsSent, "spurious",
                        result.statistics.spuriousLosses)
                }
            }
            for queue in [0.25, 10] {
                let result = try Self.goodput(control, megabits: 100, delay: 25, loss: 0, queue: queue)
                print(control, "queue", queue, "goodput", (result.share * 1000).rounded() / 1000, "rtt x", result.standingDelay)
            }
        }
    }
}
