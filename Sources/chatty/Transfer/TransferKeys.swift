import Foundation
import TransferIO
import TransferProtocol

/// The keys and secrets of `send-file` and `recv-file`: from the data folder, a file and the environment.
struct TransferKeys {
    let identity: NoiseKeyPair
    /// Nil where there is no data folder to remember in.
    let knownPeers: KnownPeers?
    /// From `--secret-file` or `$CHATTY_SECRET`: 32 bytes.
    let sharedKey: [UInt8]?

    /// The pre-shared key of a transfer without any secret: only the receiver's key counts then.
    static let none = [UInt8](repeating: 0, count: 32)

    /// - Parameter reporter: complains where the key cannot be kept.
    init(data: ByteString?, secretFile: ByteString?, _ reporter: TransferReporter) throws {
        let environment = ProcessEnvironment.current
        if let folder = DataDirectory.path(option: data, environment: environment) {
            identity = try OwnKey.load(path: folder + "/transfer-key") { reporter.complain($0) }
            knownPeers = KnownPeers(path: folder + "/known-receivers")
        } else {
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
}
