/// The parameters that each side sends in the handshake: pairs of a number and bytes, so that unknown ones are skipped.
struct TransportParameters: Equatable {
    /// The connection id of datagrams to this side. It repeats the one in the clear, and so authenticates it.
    var connection: ConnectionID
    /// The largest datagram that this side accepts, bytes.
    var maximumDatagramSize = 65_507
    /// The id of the invitation that is meant (initiator only).
    var invitation: UInt64 = 0
    /// The idle timeout of this side, milliseconds.
    var idleTimeout: UInt64 = 60_000
    /// Records that this side accepts before its first `window` frame.
    var initialWindow: UInt64 = 64
    /// Whether this side understands ``Message/named(_:_:)`` (initiator only).
    var acceptsNames = false
    /// The contents of the first folders that will be offered, in that order (initiator only).
    var contents: [FolderContents] = []

    /// Folders whose contents are sent, at most: they must fit into the first datagram.
    static let maximumContents = 16

    private enum Key: UInt64 {
        case connection = 0
        case maximumDatagramSize, invitation, idleTimeout, initialWindow, acceptsNames, contents
    }

    var encoded: [UInt8] {
        var bytes: [UInt8] = []
        func add(_ key: Key, _ value: UInt64) {
            bytes.appendVarint(key.rawValue)
            bytes.appendVarint(8)
            bytes.appendInteger(value)
        }
        add(.connection, connection.value)
        add(.maximumDatagramSize, UInt64(maximumDatagramSize))
        add(.invitation, invitation)
        add(.idleTimeout, idleTimeout)
        add(.initialWindow, initialWindow)
        if acceptsNames { add(.acceptsNames, 1) }
        if !contents.isEmpty {
            var value: [UInt8] = []
            for folder in contents.prefix(Self.maximumContents) {
                value.appendVarint(min(folder.files, Varint.max))
                value.appendVarint(min(folder.bytes, Varint.max))
            }
            bytes.appendVarint(Key.contents.rawValue)
            bytes.appendVarint(UInt64(value.count))
            bytes += value
        }
        return bytes
    }

    init(connection: ConnectionID) { self.connection = connection }

    init(decoding bytes: [UInt8]) throws(WireError) {
        self.init(connection: ConnectionID(0))
        var result = self
        var sawConnection = false
        let decoded: Result<Void, WireError> = bytes.withUnsafeBytes { memory in
            do throws(WireError) {
                var reader = WireReader(memory)
                while !reader.isAtEnd {
                    let key = try reader.varint()
                    let count = try reader.count(upTo: reader.remaining)
                    var value = WireReader(try reader.slice(count))
                    guard let key = Key(rawValue: key) else { continue }
                    if key == .contents {
                        while !value.isAtEnd {
                            let folder = FolderContents(files: try value.varint(), bytes: try value.varint())
                            if result.contents.count < Self.maximumContents { result.contents.append(folder) }
                        }
                        continue
                    }
                    let number = try value.integer(UInt64.self)
                    switch key {
                    case .connection:
                        result.connection = ConnectionID(number)
                        sawConnection = true
                    case .maximumDatagramSize:
                        guard number >= 1200 else { throw WireError() }
                        result.maximumDatagramSize = Int(min(number, 65_507))
                    case .invitation: result.invitation = number
                    case .idleTimeout: result.idleTimeout = max(number, 1000)
                    case .initialWindow: result.initialWindow = number
                    case .acceptsNames: result.acceptsNames = number != 0
                    case .contents: break
                    }
                }
                return .success(())
            } catch { return .failure(error) }
        }
        try decoded.get()
        guard sawConnection else { throw WireError() }
        self = result
    }
}
