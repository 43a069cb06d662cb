import Connectivity
import TransferIO
import TransferProtocol

/// The keys claimed by the receivers that answer at one of several addresses, each once, in the order of arrival.
///
/// All addresses are probed at once, and none is waited for once another has answered: a host may have unreachable addresses.
struct KeyClaims {
    struct Claim: Hashable {
        let key: [UInt8]
        let address: NetworkAddress
    }

    private enum Item {
        case claim(Claim)
        /// One of the addresses sends nothing more.
        case silence
        /// The wait with this number is over.
        case timer(Int)
    }

    private let giver: AsyncStream<Item>.Continuation
    private var items: AsyncStream<Item>.AsyncIterator
    private var open: Int
    private var told: Set<[UInt8]> = []
    private var waits = 0

    init(of addresses: [NetworkAddress], over loop: TransferLoop) {
        let (stream, giver) = AsyncStream.makeStream(of: Item.self)
        self.giver = giver
        items = stream.makeAsyncIterator()
        open = addresses.count
        for address in addresses {
            Task {
                for await key in loop.keys(of: address) { giver.yield(.claim(Claim(key: key, address: address))) }
                giver.yield(.silence)
            }
        }
    }

    /// The next key that was not returned before.
    /// - Parameter wait: the longest wait; nil waits as long as an answer is possible.
    mutating func next(within wait: Duration?) async -> Claim? {
        waits += 1
        if let wait {
            Task { [giver, waits] in
                try await Task.sleep(for: wait)
                giver.yield(.timer(waits))
            }
        }
        while open > 0, let item = await items.next() {
            switch item {
            case .claim(let claim): if told.insert(claim.key).inserted { return claim }
            case .silence: open -= 1
            case .timer(let number): if number == waits { return nil }
            }
        }
        return nil
    }
}
