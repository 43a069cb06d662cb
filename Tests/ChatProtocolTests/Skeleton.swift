import Testing

@Test func chatProtocolTests() { #expect(Bool(true)) }
