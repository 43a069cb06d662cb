import Testing

@testable import chatty

/// What the options of `chatty connect` mean together.
@Suite struct ConnectOptionsTests {
    @Test(arguments: [
        (["h"], false, Duration?.none), (["h", "--listen"], true, nil), (["h", "--count", "3"], true, nil),
        (["h", "--listen=5", "--count=3"], true, .seconds(5)), (["--listen", "h", "5"], true, nil),
    ])
    func whenItStays(words: [String], stays: Bool, time: Duration?) throws {
        guard case .run(let arguments) = try ArgumentParser(spec: ConnectFlags.spec).parse(words) else { throw UsageError("help") }
        #expect(ConnectCommand.listening(arguments) == (stays, time))
    }
}
