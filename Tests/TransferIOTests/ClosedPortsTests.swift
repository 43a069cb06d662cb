import Connectivity
import Glibc
import NIOConcurrencyHelpers
import NetworkIO
import Testing
import TransferProtocol

@testable import TransferIO

@Suite struct ClosedPortsTests {
    private static func time(_ milliseconds: Int64) -> TransferInstant { .zero + .milliseconds(milliseconds) }

    @Test func oneRefusalIsNotEnough() {
        var refusals = Refusals(count: 1)
        #expect(!refusals.areComplete)
        for milliseconds in [0, 400, 800, 1200] {
            refusals.refused(0, at: Self.time(Int64(milliseconds)))
            #expect(!refusals.areComplete)
        }
        refusals.refused(0, at: Self.time(1600))
        #expect(refusals.areComplete)
        // Two refusals are not enough either, however far apart.
        var two = Refusals(count: 1)
        two.refused(0, at: Self.time(0))
        two.refused(0, at: Self.time(9000))
        #expect(!two.areComplete)
    }

    @Test func everyAddressHasToRefuse() {
        var refusals = Refusals(count: 3)
        for milliseconds in stride(from: 0, through: 2000, by: 400) {
            refusals.refused(0, at: Self.time(Int64(milliseconds)))
            refusals.refused(1, at: Self.time(Int64(milliseconds)))
        }
        #expect(!refusals.areComplete)
        refusals.markUnreachable(2)
        #expect(refusals.areComplete)
        refusals.answered(1)
        #expect(!refusals.areComplete)
        // Without any route there is no refusal.
        var unreachable = Refusals(count: 2)
        unreachable.markUnreachable(0)
        unreachable.markUnreachable(1)
        #expect(!unreachable.areComplete)
        #expect(!Refusals(count: 0).areComplete)
    }

    private static let hasIPv6 = NetworkInterface.all().contains { $0.addresses.contains { $0.low == 1 && $0.high == 0 } }

    @Test(arguments: hasIPv6 ? [true, false] : [true]) func theSystemTells(isIPv4: Bool) async throws {
        let port = try UDPSocket().port
        let address = isIPv4 ? NetworkAddress(ipv4: 0x7F00_0001, port: port) : NetworkAddress(high: 0, low: 1, port: port)
        let begun = ContinuousClock.now
        #expect(await ClosedPorts.areAll([address], unless: { false }))
        #expect(begun.duration(to: .now) >= .milliseconds(1500))
    }

    @Test func somebodyWhoListensIsNotMissed() async throws {
        let listening = try UDPSocket()
        let polls = NIOLockedValueBox(0)
        let addresses = [NetworkAddress(ipv4: 0x7F00_0001, port: listening.port)]
        #expect(
            await !ClosedPorts.areAll(addresses) {
                polls.withLockedValue { polls in
                    polls += 1
                    return polls > 25
                }
            })
    }
}
