import ChatProtocol
import Foundation
import Testing

@testable import chatty

/// man/chatty-chat.7 is written by hand; its lists agree with the code.
@Suite("chatty-chat(7)")
struct ChatManualTests {
    static let page =
        (try? String(contentsOf: GeneratedFilesTests.package.appendingPathComponent("man/chatty-chat.7"), encoding: .utf8)) ?? ""
    /// The words of the page, without roff's escapes of dashes.
    static let words = Set(
        page.replacing("\\-", with: "-").split(whereSeparator: { !($0.isLetter || $0.isNumber || "_-/".contains($0)) }).map(String.init))

    @Test func everyCapabilityIsNamed() {
        for capability in Capability.all { #expect(Self.words.contains(capability.name), "\(capability.name)") }
    }

    @Test func everyCodeIsNamed() throws {
        let source = try #require(try ArchitectureTests.files(of: "ChatProtocol").first { $0.path == "ReplyCoding.swift" })
        let codes = source.text.matches(of: #/\("([A-Z][A-Z0-9_]+)", \[/#).map { String($0.1) }
        #expect(codes.count > 40)
        for code in codes { #expect(Self.words.contains(code), "\(code)") }
    }

    @Test func everyCommandIsNamed() throws {
        let source = try #require(try ArchitectureTests.files(of: "ChatCodec").first { $0.path == "IRCCodec+Commands.swift" })
        let commands = source.text.matches(of: #/\n        "([A-Z0-9]+)": Entry/#).map { String($0.1) }
        #expect(commands.count > 25)
        for command in commands { #expect(Self.words.contains(command), "\(command)") }
    }

    /// An item of a list of the page, up to the next one.
    private static func item(_ name: String) -> Substring? {
        page.replacing("\\-", with: "-").split(separator: ".It Cm " + name + "\n", maxSplits: 1).last?.split(separator: "\n.It ").first
    }

    /// To other clients a label is valid for one connection (IRCv3 labeled-response).
    @Test func aLabelNamesAMessageToClientsOfThisServiceAlone() throws {
        #expect(try !#require(Self.item("labeled-response , batch")).contains("again"))
        #expect(try #require(Self.item("chatty/service")).contains("sent again under its label"))
    }

    @Test func bothManualsSayWhenAGroupIsGone() {
        #expect(Self.page.contains("When its last member leaves, a group is gone"))
        #expect(ServeFlags.spec.description.contains { $0.contains("When its last member leaves, a group is gone") })
    }

    @Test func everyVerbIsNamed() {
        for verb in TransferSignal.Verb.allCases { #expect(Self.words.contains(verb.rawValue), "\(verb)") }
    }

    @Test(arguments: [
        Limits.messageBytes, Limits.lineBytes, Limits.clientTagBytes, Limits.serverTagBytes, Limits.passwordBytes, Limits.membersPerGroup,
        Limits.groupsPerAccount, Limits.sessionsPerAccount, Limits.signalBytes, Limits.unauthenticatedConnections, Limits.labelBytes,
        Name.maximumLength,
    ])
    func limitsAreThoseInForce(limit: Int) { #expect(Self.words.contains(String(limit))) }
}
