import Testing

@Test func chattyTests() { #expect(Bool(true)) }
