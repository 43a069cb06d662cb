import Foundation

// Input of the load generator: lines of IRC.
extension LoadGenerator {
    func read(_ index: Int) {
        guard let base = buffer.baseAddress else { return }
        let held = clients[index].partial.count
        clients[index].partial.withUnsafeBytes { if let start = $0.baseAddress { base.copyMemory(from: start, byteCount: held) } }
        let count = recv(clients[index].descriptor, base + held, buffer.count - held, 0)
        guard count > 0 else {
            if count == 0 || errno != EAGAIN { lose(index, count == 0 ? "closed by the server" : String(cString: strerror(errno))) }
            return
        }
        let now = ProcessUsage.nanoseconds()
        lastArrival = now
        var position = 0
        let total = held + count
        while position < total, let end = memchr(base + position, 0x0A, total - position) {
            let next = UnsafeRawPointer(end) - UnsafeRawPointer(base) + 1
            var length = next - position - 1
            if length > 0, buffer[position + length - 1] == 0x0D { length -= 1 }
            handleLine(index, UnsafeRawBufferPointer(start: base + position, count: length), now)
            position = next
        }
        clients[index].partial.removeAll(keepingCapacity: position < total)
        if position < total { clients[index].partial += UnsafeRawBufferPointer(start: base + position, count: total - position) }
    }

    private func handleLine(_ index: Int, _ line: UnsafeRawBufferPointer, _ now: UInt64) {
        guard let space = line.firstIndex(of: 0x20) else { return }
        let hasSource = line[0] == UInt8(ascii: ":")
        let begin = hasSource ? space + 1 : 0
        let rest = UnsafeRawBufferPointer(rebasing: line[begin...])
        if hasSource, rest.starts(with: "PRIVMSG ".utf8), let sender = LoadGenerator.client(in: line, from: 1) {
            return delivered(to: index, from: sender, rest, now)
        }
        answer(index, String(decoding: rest, as: UTF8.self))
    }

    private func answer(_ index: Int, _ line: String) {
        let words = line.split(separator: " ", maxSplits: 3)
        switch words.first {
        case "001":
            guard clients[index].phase == .registering else { return }
            clients[index].phase = .loggedIn
            underWay -= 1
            loggedIn += 1
        case "366":
            guard clients[index].phase == .joining else { return }
            clients[index].phase = .active
            underWay -= 1
            joined += 1
        case "PING": write(index, "PONG \(line.dropFirst(5))\r\n")
        case "CAP" where line.contains(" ACK "): write(index, "AUTHENTICATE PLAIN\r\n")
        case "AUTHENTICATE":
            let plain = Data("\0u\(index)\0\(tokens?[index] ?? "")".utf8).base64EncodedString()
            write(index, "AUTHENTICATE \(plain)\r\n")
        case "903": write(index, "CAP END\r\n")
        case "904", "433", "432", "451", "464", "465", "401", "403", "404", "405", "471", "473", "ERROR", "FAIL":
            failure = failure ?? "the server refused: \(line)"
        default: break
        }
    }

    /// The number of a client in its nick, `u17`.
    private static func client(in line: UnsafeRawBufferPointer, from begin: Int) -> Int? {
        guard line.count > begin + 1, line[begin] == UInt8(ascii: "u") else { return nil }
        var position = begin + 1
        let number = LoadGenerator.number(in: line, &position)
        return position > begin + 1 ? Int(number) : nil
    }

    private static func number(in line: UnsafeRawBufferPointer, _ position: inout Int) -> UInt64 {
        var value: UInt64 = 0
        while position < line.count, line[position] &- UInt8(ascii: "0") < 10 {
            value = value &* 10 &+ UInt64(line[position] &- UInt8(ascii: "0"))
            position += 1
        }
        return value
    }

    private func delivered(to receiver: Int, from sender: Int, _ line: UnsafeRawBufferPointer, _ now: UInt64) {
        guard sender < clients.count, sender != receiver, sender / load.groupSize == receiver / load.groupSize,
            let target = line[8...].firstIndex(of: 0x20)
        else { return }
        var position = target + 1
        if position < line.count, line[position] == UInt8(ascii: ":") { position += 1 }
        let number = LoadGenerator.number(in: line, &position)
        position += 1
        let stamp = LoadGenerator.number(in: line, &position)
        guard deliveries.record(UInt32(truncatingIfNeeded: number), from: sender, to: receiver) else { return }
        if window.contains(now) { deliveredInWindow += 1 }
        if window.contains(stamp) { result.latency.add(now > stamp ? now - stamp : 0) }
        let first = sender - sender % load.groupSize
        if receiver == first + (sender + 1 - first) % load.groupSize {
            clients[sender].unacknowledged -= 1
            fillWindow(sender)
        }
    }
}
