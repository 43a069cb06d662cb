import Testing

@Test func transferProtocolTests() { #expect(Bool(true)) }
