import BenchmarkSupport
import CLinux
import Foundation

/// Puts a ``Load`` on a server at 127.0.0.1 over IRC without tags.
///
/// One thread with one epoll drives all clients by one clock, so that the time from sending to delivery is exact except for the delay of
/// this loop.
final class LoadGenerator {
    let load: Load
    private let port: UInt16
    private let pid: pid_t
    /// A resume token for each client; nil where the server needs no log-in.
    let tokens: [String]?
    let poll: Int32
    let clients: UnsafeMutableBufferPointer<LoadClient>
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 16)
    /// Number of log-ins and joins in progress.
    var underWay = 0
    var loggedIn = 0
    var joined = 0
    var isSending = false
    var deliveries: Deliveries
    private var expected = 0
    var result = LoadResult()
    /// The measured interval, in nanoseconds of the monotonic clock.
    var window: Range<UInt64> = .max..<UInt64.max
    private var sentInWindow = 0
    var deliveredInWindow = 0
    var lastArrival: UInt64 = 0
    var failure: String?
    private var line: [UInt8] = []
    private static let patience: UInt64 = 30_000_000_000

    init(_ load: Load, port: UInt16, pid: pid_t, tokens: [String]?) throws {
        self.load = load
        self.port = port
        self.pid = pid
        self.tokens = tokens
        poll = epoll_create1(Int32(EPOLL_CLOEXEC))
        guard poll >= 0 else { throw BenchmarkError("no epoll") }
        clients = .allocate(capacity: load.clients)
        clients.initialize(repeating: LoadClient())
        deliveries = Deliveries(load)
    }

    deinit {
        events.deallocate()
        for client in clients where client.descriptor >= 0 { close(client.descriptor) }
        close(poll)
        clients.deinitialize().deallocate()
        buffer.deallocate()
    }

    func run() throws -> LoadResult {
        try logIn()
        if load.kind == .groups { try join() }
        if load.kind != .idle { try measure() }
        if let failure { throw BenchmarkError(failure) }
        return result
    }

    private func logIn() throws {
        let before = ProcessUsage.residentBytes(pid)
        let begun = ProcessUsage.nanoseconds()
        try all(done: { self.loggedIn }, start: connect)
        result.logInsPerSecond = Double(load.clients) / (Double(ProcessUsage.nanoseconds() - begun) / 1e9)
        if load.kind == .idle {
            // The server frees what it needs for log-ins only.
            try turn(until: ProcessUsage.nanoseconds() + 2_000_000_000)
            result.memoryPerConnection = (ProcessUsage.residentBytes(pid) - before) / Double(load.clients)
        }
    }

    private func join() throws { try all(done: { self.joined }, start: { self.startJoining($0) }) }

    /// Runs `start` for every client, ``Load/atOnce`` at a time, until `done` counts all of them.
    private func all(done: () -> Int, start: (Int) throws -> Void) throws {
        var next = 0
        var progress = (count: 0, at: ProcessUsage.nanoseconds())
        while done() < load.clients {
            while next < load.clients, underWay < Load.atOnce {
                try start(next)
                next += 1
            }
            handleEvents(timeout: 100)
            if let failure { throw BenchmarkError(failure) }
            let now = ProcessUsage.nanoseconds()
            if done() > progress.count { progress = (done(), now) }
            guard now - progress.at < LoadGenerator.patience else { throw BenchmarkError("the server stopped answering") }
        }
    }

    private func turn(until end: UInt64) throws {
        while ProcessUsage.nanoseconds() < end, failure == nil { handleEvents(timeout: 10) }
        if let failure { throw BenchmarkError(failure) }
    }

    private func measure() throws {
        let begun = ProcessUsage.nanoseconds()
        window = begun + UInt64(load.warmUp * 1e9)..<begun + UInt64((load.warmUp + load.seconds) * 1e9)
        isSending = true
        if load.rate == nil { for index in clients.indices { fillWindow(index) } }
        try send(begun, until: window.lowerBound)
        let (server, own) = (ProcessUsage.processorSeconds(pid), ProcessUsage.own)
        try send(begun, until: window.upperBound)
        isSending = false
        result.processorSeconds = ProcessUsage.processorSeconds(pid) - server
        result.generatorShare = (ProcessUsage.own - own) / load.seconds
        let end = ProcessUsage.nanoseconds() + UInt64(load.drain * 1e9)
        while deliveries.distinct < expected, ProcessUsage.nanoseconds() < end, failure == nil { handleEvents(timeout: 10) }
        result.messagesPerSecond = Double(sentInWindow) / load.seconds
        result.deliveries = deliveredInWindow
        result.deliveriesPerSecond = Double(deliveredInWindow) / load.seconds
        result.lost = expected - deliveries.distinct
        result.repeated = deliveries.repeated
        result.reordered = deliveries.reordered
    }

    private var due = 0

    private func send(_ begun: UInt64, until end: UInt64) throws {
        while failure == nil {
            let now = ProcessUsage.nanoseconds()
            guard now < end else { return }
            guard let rate = load.rate else {
                handleEvents(timeout: 10)
                continue
            }
            let step = 1e9 / rate
            while true {
                let time = begun + UInt64(Double(due) * step)
                guard time <= now else { break }
                sendMessage(due % load.clients, stamp: time)
                due += 1
            }
            handleEvents(timeout: 0)
        }
        if let failure { throw BenchmarkError(failure) }
    }

    // Sending.

    func fillWindow(_ index: Int) {
        while isSending, load.rate == nil, clients[index].unacknowledged < load.window {
            sendMessage(index, stamp: ProcessUsage.nanoseconds())
        }
    }

    private func sendMessage(_ index: Int, stamp: UInt64) {
        line.removeAll(keepingCapacity: true)
        line += Array("PRIVMSG ".utf8)
        if load.kind == .pairs {
            line.append(UInt8(ascii: "u"))
            append(UInt64(index ^ 1))
        } else {
            line += Array("#g".utf8)
            append(UInt64(index / load.groupSize))
        }
        line += Array(" :".utf8)
        let text = line.count
        append(UInt64(clients[index].number))
        line.append(UInt8(ascii: ":"))
        append(stamp)
        line.append(UInt8(ascii: ":"))
        while line.count - text < Load.textBytes { line.append(UInt8(ascii: "x")) }
        line += Array("\r\n".utf8)
        clients[index].number += 1
        clients[index].unacknowledged += 1
        expected += load.groupSize - 1
        if window.contains(stamp) { sentInWindow += 1 }
        write(index, line)
    }

    private func append(_ number: UInt64) {
        let begin = line.count
        var rest = number
        repeat {
            line.append(UInt8(ascii: "0") + UInt8(rest % 10))
            rest /= 10
        } while rest > 0
        line[begin...].reverse()
    }

    func write(_ index: Int, _ text: String) { write(index, Array(text.utf8)) }

    private func write(_ index: Int, _ bytes: [UInt8]) {
        guard clients[index].unsent.isEmpty else {
            clients[index].unsent += bytes
            return
        }
        let taken = Glibc.send(clients[index].descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
        if taken < 0, errno != EAGAIN { return lose(index, String(cString: strerror(errno))) }
        guard taken < bytes.count else { return }
        clients[index].unsent = Array(bytes[max(0, taken)...])
        watch(index, EPOLL_CTL_MOD, writing: true)
    }

    func flush(_ index: Int) {
        let unsent = clients[index].unsent
        guard !unsent.isEmpty else { return }
        let taken = Glibc.send(clients[index].descriptor, unsent, unsent.count, Int32(MSG_NOSIGNAL))
        if taken < 0, errno != EAGAIN { return lose(index, String(cString: strerror(errno))) }
        clients[index].unsent.removeFirst(max(0, taken))
        if clients[index].unsent.isEmpty { watch(index, EPOLL_CTL_MOD, writing: false) }
    }

    // Connections.

    private func connect(_ index: Int) throws {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
        guard descriptor >= 0 else { throw BenchmarkError("no socket: \(String(cString: strerror(errno)))") }
        clients[index].descriptor = descriptor
        clients[index].phase = .connecting
        underWay += 1
        var one: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
        // The clients use several source addresses: one has too few free ports for all while others are in TIME_WAIT.
        var own = LoadGenerator.address(UInt32(1 + index % 20), 0)
        let bindAddressNoPort: Int32 = 24
        setsockopt(descriptor, Int32(IPPROTO_IP), bindAddressNoPort, &one, socklen_t(MemoryLayout<Int32>.size))
        var server = LoadGenerator.address(1, port)
        let size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let code = withUnsafePointer(to: &own) { $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, size) } }
        let connected = withUnsafePointer(to: &server) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { Glibc.connect(descriptor, $0, size) }
        }
        guard code == 0, connected == 0 || errno == EINPROGRESS else {
            throw BenchmarkError("cannot connect: \(String(cString: strerror(errno)))")
        }
        watch(index, EPOLL_CTL_ADD, writing: true)
    }

    private static func address(_ host: UInt32, _ port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = (0x7F00_0000 + host).bigEndian
        return address
    }

    private func watch(_ index: Int, _ operation: Int32, writing: Bool) {
        var event = epoll_event()
        event.events = EPOLLIN.rawValue | (writing ? EPOLLOUT.rawValue : 0)
        event.data.u32 = UInt32(index)
        epoll_ctl(poll, operation, clients[index].descriptor, &event)
    }

    private func connected(_ index: Int) {
        clients[index].phase = .registering
        watch(index, EPOLL_CTL_MOD, writing: false)
        write(index, (tokens == nil ? "" : "CAP REQ :sasl\r\n") + "NICK u\(index)\r\nUSER u\(index) 0 * :load\r\n")
    }

    private func startJoining(_ index: Int) {
        clients[index].phase = .joining
        underWay += 1
        write(index, "JOIN #g\(index / load.groupSize)\r\n")
    }

    func lose(_ index: Int, _ reason: String) {
        guard clients[index].phase != .gone else { return }
        clients[index].phase = .gone
        failure = failure ?? "a connection was lost: \(reason)"
    }

    private let events = UnsafeMutablePointer<epoll_event>.allocate(capacity: 512)

    private func handleEvents(timeout: Int32) {
        let count = epoll_wait(poll, events, 512, timeout)
        for position in 0..<max(0, Int(count)) {
            let index = Int(events[position].data.u32)
            let flags = events[position].events
            if clients[index].phase == .connecting {
                var code: Int32 = 0
                var size = socklen_t(MemoryLayout<Int32>.size)
                getsockopt(clients[index].descriptor, SOL_SOCKET, SO_ERROR, &code, &size)
                if code != 0 { lose(index, String(cString: strerror(code))) } else { connected(index) }
                continue
            }
            if flags & EPOLLOUT.rawValue != 0 { flush(index) }
            if flags & ~EPOLLOUT.rawValue != 0 { read(index) }
        }
    }
}
