import TestSupport

@testable import ChatClient

/// A driver and its events, read one by one.
final class DrivenClient: Sendable {
    let driver: ClientDriver
    private let events: AsyncStream<ClientEvent>

    init(port: Int, trust: ServerTrust?, host: String = "127.0.0.1", _ change: (inout ClientDriver.Configuration) -> Void = { _ in }) {
        let (events, continuation) = AsyncStream.makeStream(of: ClientEvent.self)
        self.events = events
        var configuration = ClientDriver.Configuration(host: host, port: port, trust: trust)
        configuration.session.labelPrefix = "t"
        configuration.session.random = SeededGenerator(seed: 1)
        change(&configuration)
        driver = ClientDriver(configuration) { event in
            continuation.yield(event)
            return true
        }
    }

    /// All events up to the first that contains one of these texts, or those of two minutes, at which the comparison in the test fails.
    func events(until texts: String...) async -> [String] {
        await withTaskGroup(of: [String].self) { group in
            group.addTask { [events] in
                var seen: [String] = []
                for await event in events {
                    seen.append(SessionTranscript.show(event))
                    if texts.contains(where: { seen.last?.contains($0) == true }) { break }
                }
                return seen
            }
            group.addTask {
                try? await Task.sleep(for: .seconds(120))
                return ["nothing with \(texts) within two minutes"]
            }
            let first = await group.next() ?? []
            group.cancelAll()
            return first
        }
    }

    /// - Returns: the events until the log-in succeeds or the client gives up.
    func logIn() async -> [String] {
        driver.submit(.start)
        var seen = await events(until: "name?", "ended")
        guard seen.last == "name?" else { return seen }
        driver.submit(.name("yoda"))
        seen += await events(until: "?")
        driver.submit(.password("secret"))
        seen += await events(until: "in as")
        return seen
    }
}
