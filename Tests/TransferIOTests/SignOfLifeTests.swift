import Testing

@testable import TransferIO
@testable import TransferProtocol

@Suite(.timeLimit(.minutes(20))) struct SignOfLifeTests {
    @Test func aSenderWithNothingToSayAnswers() async throws {
        let transfer = try await HandDrivenTransfer()
        try await transfer.sender.run { transfer.sender.connection.areMessagesDelivered }
        Task { [session = transfer.session, log = transfer.log] in
            // On a busy machine the first answer may be late.
            var isAlive = false
            for _ in 1...10 where !isAlive { isAlive = await session.isAlive() }
            log.add("alive \(isAlive)")
        }
        try await transfer.sender.run { !transfer.log.all.isEmpty }
        #expect(transfer.log.all == ["alive true"])
        await transfer.end()
    }

    /// The sender is not run any more, as if it had been killed.
    @Test func aSenderThatIsGoneDoesNot() async throws {
        let transfer = try await HandDrivenTransfer()
        let whenGone = await transfer.session.isAlive()
        await transfer.end()
        let whenOver = await transfer.session.isAlive()
        #expect(!whenGone && !whenOver)
    }
}
