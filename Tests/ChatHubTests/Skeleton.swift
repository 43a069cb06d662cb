import Testing

@Test func chatHubTests() { #expect(Bool(true)) }
