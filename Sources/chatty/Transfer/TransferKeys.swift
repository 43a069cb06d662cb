import Foundation
import SystemSupport
import TransferIO
import TransferProtocol

/// The keys and secrets of `send-file` and `recv-file`: from the data folder, a file and the environment.
struct TransferKeys {
    let identity: NoiseKeyPair
    /// Nil where there is no data folder to remember in.
    let knownPeers: KnownPeers?
    /// From `--secret-file` or `$CHATTY_SECRET`: 32 bytes.
    let sharedKey: [UInt8]?

    /// Nil where there is none.
    private let folder: ByteString?

    /// The pre-shared key of a transfer without any secret: only the receiver's key counts then.
    static let none = [UInt8](repeating: 0, count: 32)

    /// - Parameter reporter: complains where the key cannot be kept.
    init(data: ByteString?, secretFile: ByteString?, _ reporter: TransferReporter) throws {
        let environment = ProcessEnvironment.current
        if let folder = DataDirectory.path(option: data, environment: environment) {
            self.folder = folder
            identity = try OwnKey.load(path: folder + "/transfer-key") { reporter.complain($0) }
            knownPeers = KnownPeers(path: Self.knownReceivers(in: folder))
        } else {
            self.folder = nil
            identity = NoiseKeyPair()
            knownPeers = nil
        }
        if let secretFile {
            sharedKey = try SharedSecret.preSharedKey(of: SharedSecret.read(path: secretFile))
        } else if let secret = environment["CHATTY_SECRET"] {
            sharedKey = try SharedSecret.preSharedKey(of: SharedSecret.checked(secret.description))
        } else {
            sharedKey = nil
        }
    }

    static func knownReceivers(in folder: ByteString) -> ByteString { folder + "/known-receivers" }

    /// The secret of this receiver's tickets.
    /// - Parameters:
    ///   - isChosen: the port is one that was asked for, and not any free one: then the ticket is the same the next time.
    ///   - isFresh: no ticket of before is to be good any more.
    ///   - reporter: complains where the secret cannot be kept.
    func ticketSecret(port: UInt16, isChosen: Bool, isFresh: Bool, _ reporter: TransferReporter) throws -> [UInt8] {
        guard isChosen, let folder else { return TicketSecret.random() }
        let path = TicketSecret.path(folder: folder, port: port)
        do {
            return isFresh ? try TicketSecret.renew(path: path) : try TicketSecret.load(path: path)
        } catch let error as SystemError {
            reporter.complain("This ticket is valid only until recv-file exits: \(error).")
            return TicketSecret.random()
        }
    }
}
