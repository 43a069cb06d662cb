import Dispatch
import Glibc
import NIOConcurrencyHelpers
import Testing

@testable import TransferIO
@testable import TransferProtocol

/// Files that fail or end while a worker has them. Every fourth file has the same worker; the one that does slow writes is that of file 1.
@Suite(.timeLimit(.minutes(20))) struct LentDestinationTests {
    /// Blocks its worker in each call of `waitsIn`, until the gate is opened.
    private final class Destination: TransferDestination {
        private let file: FileID
        private let log: CallLog
        private let waitsIn: String?
        private let writes = NIOLockedValueBox(0)
        let gate = DispatchSemaphore(value: 0)

        init(_ file: FileID, _ log: CallLog, waitsIn: String? = nil) {
            self.file = file
            self.log = log
            self.waitsIn = waitsIn
        }

        private func call(_ name: String, _ number: Int? = nil) {
            log.add("\(file) \(name)\(number.map { " \($0)" } ?? "")")
            if name == waitsIn { gate.wait() }
        }

        var held: [HeldRange] {
            call("held")
            return []
        }
        func resume(keeping kept: [Range<UInt64>]) {}
        func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) {
            let number = writes.withLockedValue { number in
                defer { number += 1 }
                return number
            }
            // The first write comes from the loop, which thereby learns that the disk is slow.
            guard number > 0 else {
                _ = usleep(10_000)
                return
            }
            call("write", number)
            log.add("\(file) wrote \(number)")
        }
        func finish(size: UInt64) { call("finish") }
        func abandon() { call("abandon") }
    }

    /// The length of one read of a stream, bytes.
    private static let record = UInt64(RecordFormat.plaintextSize - RecordFormat.chunkHeader)

    @Test func aFileThatFailsWhileItIsHashedIsAbandoned() async throws {
        let transfer = try await HandDrivenTransfer()
        let destination = Destination(0, transfer.log, waitsIn: "held")
        transfer.session.accept(0, into: destination)
        try await transfer.sender.run { transfer.log.has("0 held") }
        try await transfer.fail()
        #expect(transfer.log.all == ["0 held"])
        destination.gate.signal()
        try await transfer.accept(4, into: Destination(4, transfer.log))
        #expect(transfer.log.has("0 abandon"), "\(transfer.log.all)")
        await transfer.end()
    }

    @Test func aFileThatFailedBeforeItWasAcceptedIsAbandonedAtOnce() async throws {
        let transfer = try await HandDrivenTransfer()
        try await transfer.fail()
        transfer.session.accept(0, into: Destination(0, transfer.log))
        try await transfer.accept(4, into: Destination(4, transfer.log))
        #expect(transfer.log.all == ["0 abandon", "4 held"])
        await transfer.end()
    }

    @Test func aFileThatFailsWhileItIsWrittenIsAbandoned() async throws {
        let transfer = try await HandDrivenTransfer()
        let destination = Destination(0, transfer.log, waitsIn: "write")
        transfer.sender.offsets = [0, Self.record, 2 * Self.record]
        transfer.session.accept(0, into: destination)
        try await transfer.sender.run { transfer.log.has("0 write 1") }
        try await transfer.fail()
        #expect(transfer.log.all == ["0 held", "0 write 1"])
        destination.gate.signal()
        try await transfer.accept(1, into: Destination(1, transfer.log))
        #expect(transfer.log.has("0 abandon"), "\(transfer.log.all)")
        await transfer.end()
    }

    /// The sender repeats data, so that the file seems complete while more of it is being written.
    @Test func aFileIsNotPlacedWhileItIsWritten() async throws {
        let transfer = try await HandDrivenTransfer()
        let destination = Destination(0, transfer.log, waitsIn: "write")
        let (sender, log) = (transfer.sender, transfer.log)
        sender.offsets = [0, 0]
        transfer.session.accept(0, into: destination)
        try await sender.run { log.has("0 write 1") }
        // Only then, so that it is not passed to the worker together with the one before.
        sender.offsets = [Self.record]
        // All three records arrive before the end: after it, a third one is more than the file has. An empty flight does not prove that,
        // because pacing may hold back a record that was never sent.
        try await sender.run { sender.connection.statistics.bytesDone == 3 * Self.record }
        sender.connection.queue(.end(0, size: 2 * Self.record))
        try await sender.run { sender.connection.areMessagesDelivered }
        destination.gate.signal()
        try await sender.run { log.has("0 write 2") }
        // Its worker would place the other file first.
        transfer.session.accept(4, into: Destination(4, log))
        try await sender.run { log.has("4 held") }
        #expect(!log.has("0 finish"), "\(log.all)")
        destination.gate.signal()
        // The receiver then detects more bytes than the file has and closes the connection, before or after the worker finishes the file:
        // the sender is not needed any more. The other file is abandoned at some time after that.
        while !log.has("0 finish") { try await Task.sleep(for: .milliseconds(5)) }
        #expect(log.all.prefix(7) == ["0 held", "0 write 1", "0 wrote 1", "0 write 2", "4 held", "0 wrote 2", "0 finish"])
        await transfer.end()
    }
}
