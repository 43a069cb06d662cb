import SystemSupport
import TransferIO
import TransferProtocol

/// This machine's key for transfers.
enum OwnKey {
    /// Loads the key from its file. If the file cannot be created, as in a read-only home folder, the key is temporary, and others do not
    /// recognise this machine the next time.
    /// - Parameter warn: receives a warning about a temporary key.
    /// - Throws: an error if the file exists but must not be used.
    static func load(path: ByteString, warn: (String) -> Void) throws -> NoiseKeyPair {
        do {
            return try Identity.load(path: path)
        } catch let error as SystemError {
            warn("The key for transfers is valid only until this program exits: \(error).")
            return NoiseKeyPair()
        }
    }
}
