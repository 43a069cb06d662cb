import Foundation
import NetworkIO
import Testing

@testable import Connectivity

/// What chatty-transfer(7) says of codes: somebody else is to write a program by it.
@Suite struct CodeManualTests {
    private static func section() throws -> String {
        let page = GeneratedFilesTests.package.appendingPathComponent("man/chatty-transfer.7")
        let text = try String(contentsOf: page, encoding: .utf8)
        let section = try #require(text.components(separatedBy: ".Ss Codes\n").dropFirst().first?.components(separatedBy: "\n.Ss ").first)
        return section.replacing("\n", with: " ")
    }

    private static func list(_ times: [Duration]) -> String {
        let numbers = times.map { String(Int($0 / .milliseconds(1))) }
        return numbers.dropLast().joined(separator: ", ") + " and " + (numbers.last ?? "")
    }

    @Test func theNumbersAreThoseOfTheProgram() throws {
        let text = try Self.section()
        let pairs = CodeWords.all.count * CodeWords.all.count
        let words = [
            "The number is \(MeetingCode.numbers.lowerBound) to \(MeetingCode.numbers.upperBound), and "
                + "\(MeetingCode.shortNumbers.lowerBound) to \(MeetingCode.shortNumbers.upperBound) in a code that chatty makes",
            "so there are \(pairs / 1_000_000),\(pairs / 1000 % 1000),\(pairs % 1000) pairs",
            "groups \(LinkSockets.groupIPv4.host) and \(LinkSockets.groupIPv6.host), port \(LinkSockets.groupPort)",
            "interfaces, \(LinkSockets.maximumInterfaces) at most",
            "A datagram is at most \(LinkDatagram.maximumSize) bytes",
            "sends a find at \(Self.list(LinkGuest.finds)) ms",
            "gives up after \(Int(LinkGuest.searchTime / .seconds(1))) seconds without a host",
            "one after the other, \(LinkGuest.maximumHosts) at most",
            "sends finds with its number at \(Self.list(LinkHost.probes)) ms",
            "answers within \(Int(LinkHost.probeTime / .milliseconds(1))) ms",
            "Texts of each side are numbered from 0, \(MeetingExchange.maximumTexts) at most, each of at most \(MeetingExchange.maximumText) bytes",
            "A host keeps \(LinkHost.maximumExchanges) exchanges, each for \(Int(LinkHost.keep / .seconds(1))) seconds",
            "It answers at most \(LinkHost.findsPerSecond) finds and begins at most \(LinkHost.keysPerSecond) exchanges a second",
        ]
        for phrase in words { #expect(text.contains(phrase), "\(phrase)") }
    }

    /// The labels of names, places and keys.
    @Test func theLabelsAreThere() throws {
        let text = try Self.section()
        for label in [
            "link", "chatty code guest", "chatty code host", "chatty code 1", "chatty code confirm guest", "chatty code confirm host",
            "chatty code seal guest", "chatty code seal host",
        ] { #expect(text.contains(".Dq \(label) "), "\(label)") }
    }
}
