import SystemSupport
import TransferIO
import TransferProtocol

/// This machine's key for transfers.
enum OwnKey {
    /// From its file, or a passing one where it cannot be kept, as in a home folder that is read only: then others do not know this machine again.
    /// - Parameter warn: is told in the latter case.
    /// - Throws: where there is such a file and it must not be used.
    static func load(path: ByteString, warn: (String) -> Void) throws -> NoiseKeyPair {
        do {
            return try Identity.load(path: path)
        } catch let error as SystemError {
            warn("The key for transfers is valid only until this program exits: \(error).")
            return NoiseKeyPair()
        }
    }
}
