import CLinux
import Crypto
import Glibc
import TransferProtocol

/// An extended attribute that identifies the transfer of a received file, so that the same file is recognised when it is sent again, and
/// not stored twice. It stays with the file wherever that is moved, and does not reveal the sender. It is a hint and never trusted: the
/// file is compared with the sender's by hashes, as a part file is. It is left out on file systems without such attributes. Held by
/// `ReceivedStampTests`.
///
/// Hashes of a file are sent only to its sender, so the stamp depends on the sender's key.
enum ReceivedStamp {
    private static let name = "user.chatty.received"
    private static let length = 16

    private static func value(_ size: UInt64, _ modified: Int64, _ senderKey: [UInt8]) -> [UInt8] {
        var bytes = Array("chatty received 1\n".utf8) + senderKey
        for number in [size, UInt64(bitPattern: modified)] { bytes += withUnsafeBytes(of: number.littleEndian) { Array($0) } }
        return Array(SHA256.hash(data: bytes).prefix(length))
    }

    /// Sets the stamp; call it before the file has its name.
    static func set(on file: OpenFile, size: UInt64, modified: Int64, senderKey: [UInt8]) {
        // A stream, or a source without a time, cannot be told from the next one.
        guard modified != 0 else { return }
        _ = clinux_set_attribute(file.descriptor, name, value(size, modified, senderKey), length)
    }

    /// Whether this sender sent this file, and it has neither been written to nor cut since.
    static func isThat(of file: OpenFile, _ offer: FileOffer, _ senderKey: [UInt8]) -> Bool {
        guard let size = offer.size, offer.modified != 0, let time = FileTime.timespec(offer.modified), let status = try? file.status(),
            status.st_mode & S_IFMT == S_IFREG, UInt64(status.st_size) == size, status.st_mtim.tv_sec == time.tv_sec,
            status.st_mtim.tv_nsec == time.tv_nsec
        else { return false }
        var found = [UInt8](repeating: 0, count: length)
        return clinux_attribute(file.descriptor, name, &found, length) == length && found == value(size, offer.modified, senderKey)
    }
}
