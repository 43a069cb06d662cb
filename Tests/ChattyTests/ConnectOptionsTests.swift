import Testing

@testable import chatty

/// The combined meaning of the options of `chatty connect`.
@Suite struct ConnectOptionsTests {
    @Test(arguments: [
        (["h"], false, Duration?.none), (["h", "--listen"], true, nil), (["h", "--count", "3"], true, nil),
        (["h", "--listen=5", "--count=3"], true, .seconds(5)), (["--listen", "h", "5"], true, nil),
    ])
    func whenItStays(words: [String], stays: Bool, time: Duration?) throws {
        guard case .run(let arguments) = try ArgumentParser(spec: ConnectFlags.spec).parse(words) else { throw UsageError("help") }
        #expect(ConnectCommand.listening(arguments) == (stays, time))
    }

    private static func udpPort(_ words: [String]) throws -> UInt16 {
        guard case .run(let arguments) = try ArgumentParser(spec: ConnectFlags.spec).parse(words) else { throw UsageError("help") }
        return try ConnectCommand.udpPort(arguments)
    }

    @Test(
        arguments: [
            (["h", "1", "9999", "--listen"], 9999), (["h", "1", "--listen=5", "9999"], 9999), (["h", "--listen", "1", "9999"], 9999),
            (["h", "1", "--listen", "--json", "9999"], 9999), (["h", "1", "--listen", "--", "9999"], 9999), (["h", "--listen", "1"], 0),
            (["h", "1", "--count", "5", "9999"], 9999),
        ] as [([String], UInt16)])
    func whereFilesComeIn(words: [String], port: UInt16) throws { #expect(try Self.udpPort(words) == port) }

    @Test(arguments: [["h", "1", "--listen", "5"], ["h", "--listen", "1", "--listen", "5"]])
    func aNumberBehindListenIsNoPort(words: [String]) throws {
        #expect(
            throws: UsageError(
                "5 after --listen is ambiguous. For a time write --listen=5; for UDP_PORT put 5 before --listen.", command: "connect")
        ) {
            try Self.udpPort(words)
        }
    }
}
