import Testing

@Test func transferIOTests() { #expect(Bool(true)) }
