import Testing

@Test func chatServerTests() { #expect(Bool(true)) }
