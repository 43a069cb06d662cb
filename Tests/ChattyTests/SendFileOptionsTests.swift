import Testing
import TransferProtocol

@testable import chatty

/// The transfer's configuration from the options of `send-file`.
@Suite struct SendFileOptionsTests {
    private func configuration(_ words: String...) throws -> TransferConfiguration {
        guard case .run(let arguments) = try ArgumentParser(spec: SendFileFlags.spec).parse(words + ["movie.mp4", "127.0.0.1:9"]) else {
            throw UsageError("asked for help")
        }
        return SendFileCommand.configuration(arguments)
    }

    @Test func nothingIsTheDefault() throws {
        let (made, usual) = (try configuration(), TransferConfiguration())
        #expect(made.congestionControl == usual.congestionControl)
        #expect(made.maximumDatagramSize == usual.maximumDatagramSize)
        #expect(made.rateLimit == nil)
        #expect(made.idleTimeout == usual.idleTimeout && made.connectTimeout == usual.connectTimeout)
    }

    @Test func eachReachesTheTransfer() throws {
        #expect(try configuration("--cc", "cubic").congestionControl == .cubic)
        #expect(try configuration("--cc", "bbr").congestionControl == .bbr)
        #expect(try configuration("--mtu", "1400").maximumDatagramSize == 1400)
        #expect(try configuration("--limit", "2M").rateLimit == 2e6)
        #expect(try configuration("--timeout", "5").idleTimeout == .seconds(Int64(5)))
        #expect(try configuration("--timeout", "5").connectTimeout == .seconds(Int64(5)))
        #expect(try configuration("--timeout", "90").connectTimeout == TransferConfiguration().connectTimeout)
    }
}
