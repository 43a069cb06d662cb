import ChatStoreSQLite
import Connectivity
import Glibc
import SystemSupport

/// The secret from which a server makes the keys of its relay's grants: 32 bytes in a file of the data folder, so that transfers go on when the
/// server is started again.
enum RelaySecret {
    private static let size = 32

    /// Reads it, and makes it the first time.
    static func load(_ folder: DataFolder) throws(UserFacingError) -> RelayGrantKey {
        let file = folder.file("relay-key")
        if access(file, F_OK) == 0 {
            let bytes = try SmallFile.read("The relay's key", file, limit: 4096)
            guard bytes.count == size else {
                throw UserFacingError("The relay's key \(file) is damaged: remove it, and the server makes a new one.")
            }
            return RelayGrantKey(secret: bytes)
        }
        var random = SystemRandomNumberGenerator()
        let bytes = (0..<size).map { _ in UInt8.random(in: .min ... .max, using: &random) }
        try SmallFile.write("The relay's key", file, bytes)
        return RelayGrantKey(secret: bytes)
    }
}
