import TransferProtocol

/// How much of a path's rate a transfer uses, alone and beside another, in virtual time, so that a run repeats exactly.
package enum Goodput {
    package typealias Control = TransferConfiguration.CongestionControl

    package struct Path {
        package var megabits: Double
        /// The round trip of the empty path, milliseconds.
        package var roundTrip: Double
        package var loss: Double
        /// The length of the queue, in bandwidth-delay products.
        package var queue: Double
        /// Whether datagrams are marked with ECN when more than half of the queue is used.
        package var marks: Bool
        /// The size of the token bucket, bytes that pass at once after the bottleneck was idle.
        package var bucket: Int
        /// Probabilities that a datagram overtakes those before it, is damaged, and is duplicated, in either direction.
        package var reorder = 0.0
        package var corrupt = 0.0
        package var duplicate = 0.0
        /// The greatest extra delay in either direction, milliseconds.
        package var jitter = 0.0

        package init(_ megabits: Double, _ roundTrip: Double, loss: Double = 0, queue: Double = 1, marks: Bool = false, bucket: Int = 0) {
            self.megabits = megabits
            self.roundTrip = roundTrip
            self.loss = loss
            self.queue = queue
            self.marks = marks
            self.bucket = bucket
        }

        var model: LinkModel {
            let product = megabits * 1e6 / 8 * roundTrip / 1000
            var model = LinkModel(
                rate: megabits * 1e6, delay: .seconds(roundTrip / 2000), queue: max(Int(product * queue), 3000), loss: loss, mtu: 1500)
            if marks { model.markAbove = model.queue / 2 }
            model.bucket = bucket
            model.reorder = reorder
            model.corrupt = corrupt
            model.duplicate = duplicate
            model.jitter = .seconds(jitter / 1000)
            return model
        }
    }

    package struct Result {
        /// The share of the bottleneck's rate that arrived as file bytes.
        package var share: Double
        /// The mean round trip after start-up, as a multiple of the empty path's.
        package var delay: Double
        package var isDamaged: Bool
        /// Datagrams that the path dropped, and that it marked.
        package var dropped: Int
        package var marked: Int
    }

    /// One flow alone, start-up included.
    package static func alone(_ control: Control, _ path: Path, seconds: Int64 = 30, seed: UInt64 = 1) throws -> Result {
        let simulation = try Simulation(seed: seed, forward: path.model, configuration: configuration(control))
        let connection = try start(in: simulation, path, seconds)
        var delays: [Double] = []
        for _ in 0..<seconds * 10 {
            simulation.run(for: .milliseconds(100)) { false }
            delays.append(connection.statistics.smoothedRTT.inSeconds)
        }
        // The first three seconds belong to start-up.
        let settled = delays.dropFirst(30)
        return Result(
            share: Double(connection.statistics.bytesDone) * 8 / Double(seconds) / (path.megabits * 1e6),
            delay: settled.reduce(0, +) / Double(max(settled.count, 1)) / (path.roundTrip / 1000),
            isDamaged: simulation.receiver.bytesDamaged > 0, dropped: simulation.forward.dropped, marked: simulation.forward.marked)
    }

    /// One flow on a path whose rate drops in the middle of it.
    /// - Returns: for the last ten of `seconds`, the share of the new rate that arrived, and the share of sent datagrams that the path
    ///   dropped.
    package static func afterDrop(
        _ control: Control, _ path: Path, to megabits: Double, at drop: Int64 = 8, seconds: Int64 = 30, seed: UInt64 = 1
    ) throws -> (share: Double, dropped: Double) {
        var model = path.model
        model.change = (at: .zero + .seconds(drop), rate: megabits * 1e6)
        let simulation = try Simulation(seed: seed, forward: model, configuration: configuration(control))
        let connection = try start(in: simulation, path, seconds)
        simulation.run(for: .seconds(seconds - 10)) { false }
        let before = (bytes: connection.statistics.bytesDone, sent: connection.statistics.packetsSent, dropped: simulation.forward.dropped)
        simulation.run(for: .seconds(Int64(10))) { false }
        let after = connection.statistics
        return (
            Double(after.bytesDone - before.bytes) * 8 / 10 / (megabits * 1e6),
            Double(simulation.forward.dropped - before.dropped) / Double(max(after.packetsSent - before.sent, 1))
        )
    }

    /// The share of one flow in what it and a competing flow carry through the same bottleneck.
    /// - Parameters:
    /// - head: seconds by which the other flow started earlier; if negative, ours did.
    /// - seconds: the length of the measurement, after 20 seconds of start-up.
    package static func share(
        _ control: Control, beside other: Control, _ path: Path, head: Int64, seconds: Int64 = 60, seed: UInt64 = 1
    ) throws -> Double {
        // Without jitter the two would stay in step, and the same flow would find the queue full each time.
        var back = path.model
        back.jitter = .milliseconds(2)
        let begun = head >= 0 ? other : control
        let simulation = try Simulation(seed: seed, forward: path.model, back: back, configuration: configuration(begun))
        let first = try start(in: simulation, path, seconds + 40)
        simulation.run(for: .seconds(abs(head))) { false }
        let pair = try simulation.addPair(configuration(head >= 0 ? control : other), seed: seed + 7)
        let second = try start(in: simulation, path, seconds + 40, between: pair)
        simulation.run(for: .seconds(Int64(20))) { false }
        let before = (first: first.statistics.bytesDone, second: second.statistics.bytesDone)
        simulation.run(for: .seconds(seconds)) { false }
        let carried = (first: first.statistics.bytesDone - before.first, second: second.statistics.bytesDone - before.second)
        let share = Double(carried.second) / Double(max(carried.first + carried.second, 1))
        return head >= 0 ? share : 1 - share
    }

    /// Jain's index of two flows, one of which has `share`: 1 if they are equal, 0.5 if one has all.
    package static func fairness(ofShare share: Double) -> Double { 1 / (2 * (share * share + (1 - share) * (1 - share))) }

    private static func configuration(_ control: Control) -> TransferConfiguration {
        var configuration = TransferConfiguration()
        configuration.congestionControl = control
        return configuration
    }

    /// Starts to send a file that does not end before the measurement.
    private static func start(
        in simulation: Simulation, _ path: Path, _ seconds: Int64, between pair: (sender: SimulatedHost, receiver: SimulatedHost)? = nil
    ) throws -> TransferConnection {
        (pair?.receiver ?? simulation.receiver).expectsSyntheticContent = true
        let size = UInt64(path.megabits * 1e6 / 8 * Double(seconds) * 2) & ~7
        return try simulation.send([.init(offer: FileOffer(name: "file", size: size), bytes: nil)], ends: false, between: pair)
    }
}
