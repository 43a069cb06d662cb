import Testing

@Test func chatClientTests() { #expect(Bool(true)) }
