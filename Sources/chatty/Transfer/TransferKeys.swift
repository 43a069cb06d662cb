import Foundation
import SystemSupport
import TransferIO
import TransferProtocol

/// The keys and secrets of `send-file` and `recv-file`: from the data folder, a file and the environment.
struct TransferKeys {
    let identity: NoiseKeyPair
    /// The keys of known receivers; nil if there is no data folder.
    let knownPeers: KnownPeers?
    /// The key from `--secret-file` or `$CHATTY_SECRET`: 32 bytes; nil if there is none.
    let sharedKey: [UInt8]?

    /// The data folder; nil if there is none.
    private let folder: ByteString?

    /// The pre-shared key of a transfer without any secret, for which only the receiver's key counts.
    static let none = [UInt8](repeating: 0, count: 32)

    /// - Parameter reporter: receives a warning if the key cannot be stored.
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

    /// The secret in this receiver's tickets.
    /// - Parameters:
    ///   - isChosen: whether the user has chosen the port; then the ticket is the same the next time.
    ///   - isFresh: whether to make earlier tickets invalid.
    ///   - reporter: receives a warning if the secret cannot be stored.
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
