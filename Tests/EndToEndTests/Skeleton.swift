import Testing

@Test func endToEndTests() { #expect(Bool(true)) }
