import Connectivity
import NetworkIO
import SystemSupport

/// Shows codes to the person at this machine, and talks with those on the same network who have typed one: ``LinkHost`` with its sockets.
public final class CodeHost: Sendable {
    /// What happens, in order; ends with ``close()``.
    public let events: AsyncStream<LinkHost.Event>
    private let mailbox: PolledMailbox<LinkDriver<LinkHost>.Command>

    /// - Parameter port: the port of the group; another one is for tests.
    /// - Throws: if the system has no socket for multicast.
    public init(port: UInt16 = LinkSockets.groupPort) throws(SystemError) {
        let (events, giver) = AsyncStream.makeStream(of: LinkHost.Event.self)
        self.events = events
        mailbox = try LinkDriver.start(listens: true, port: port) {
            LinkHost(random: SystemRandomNumberGenerator(), at: $0)
        } deliver: { host in
            while let event = host.nextEvent() { giver.yield(event) }
        }
    }

    deinit { close() }

    /// Answers the text of a guest.
    public func answer(_ exchange: UInt64, _ text: [UInt8]) { mailbox.post { $0.party.answer(exchange, text) } }

    /// Ends the code without another. Who has used it is still answered.
    public func retire() { mailbox.post { $0.party.retire() } }

    public func close() { mailbox.post { $0.stop() } }
}

/// Meets somebody on the same network who shows a code: ``LinkGuest`` with its sockets.
public final class CodeGuest: Sendable {
    private let mailbox: PolledMailbox<LinkDriver<LinkGuest>.Command>
    private let events: AsyncStream<LinkGuest.Event>

    /// - Parameter port: the port of the group; another one is for tests.
    /// - Throws: if the system has no socket for multicast.
    public init(_ code: MeetingCode, port: UInt16 = LinkSockets.groupPort) throws(SystemError) {
        let (events, giver) = AsyncStream.makeStream(of: LinkGuest.Event.self)
        self.events = events
        mailbox = try LinkDriver.start(listens: false, port: port) {
            LinkGuest(code: code, random: SystemRandomNumberGenerator(), at: $0)
        } deliver: { guest in
            while let event = guest.nextEvent() { giver.yield(event) }
        }
    }

    deinit { close() }

    /// Waits until the host has proven that it shows this code. To be called once, before ``ask(_:)``.
    /// - Throws: ``LinkGuest/Failure``, or `CancellationError`.
    public func meet() async throws { _ = try await next() }

    /// Says something to the host.
    /// - Returns: what the host answers.
    public func ask(_ text: [UInt8]) async throws -> [UInt8] {
        mailbox.post { $0.party.send(text) }
        guard case .text(let answer) = try await next() else { throw LinkGuest.Failure.silent }
        return answer
    }

    private func next() async throws -> LinkGuest.Event {
        // One event follows each call, so an iterator of each call loses none.
        for await event in events {
            if case .failed(let failure) = event { throw failure }
            return event
        }
        throw CancellationError()
    }

    public func close() { mailbox.post { $0.stop() } }
}
