import Testing

@testable import ChatClient

@Suite struct MentionTests {
    @Test(arguments: [
        "luke", "Luke!", "ask LUKE.", "luke...", "(luke)", "@luke", "luke’s", "“luke”", "luke，来", "会议luke请", "¿luke?", "привет,luke",
        "lukeさん",
        "luke\u{1F600}", "luke, luke2", "lukes luke", "ask luke\u{300D}", "luke×2",
    ])
    func aNameBetweenOtherThingsIsAMention(text: String) { #expect(Mention.isOf("luke", in: text)) }

    @Test(arguments: [
        "", "luk", "lukes", "fluke", "luke2", "luke_s", "luke-s", "s-luke", "luke.s", ".luke", "lukeé", "éluke", "luke\u{301}", "łuke",
        "lukeñ",
    ])
    func anotherWordIsNone(text: String) { #expect(!Mention.isOf("luke", in: text)) }

    @Test func aNameWithSignsInItIsFound() {
        #expect(Mention.isOf("c.3-po", in: "c.3-po: come"))
        #expect(!Mention.isOf("c.3-po", in: "cx3-po: come"))
    }
}
