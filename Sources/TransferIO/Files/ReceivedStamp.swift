import CLinux
import Crypto
import Glibc
import TransferProtocol

/// What a received file carries of the transfer that brought it, so that the same file sent again is recognised and not stored twice:
/// an extended attribute, which goes with the file wherever it is moved, and tells nobody who the sender was. It is a hint and never
/// trusted: what it is found by is compared with the sender's file byte for byte, as a part is. A file system without such
/// attributes does without. Held by `ReceivedStampTests`.
///
/// Hashes of a file are told only to who sent it, which is why the sender's key is a part of it.
enum ReceivedStamp {
    private static let name = "user.chatty.received"
    private static let length = 16

    private static func value(_ size: UInt64, _ modified: Int64, _ senderKey: [UInt8]) -> [UInt8] {
        var bytes = Array("chatty received 1\n".utf8) + senderKey
        for number in [size, UInt64(bitPattern: modified)] { bytes += withUnsafeBytes(of: number.littleEndian) { Array($0) } }
        return Array(SHA256.hash(data: bytes).prefix(length))
    }

    /// Before the file has its name.
    static func set(on file: OpenFile, size: UInt64, modified: Int64, senderKey: [UInt8]) {
        // A stream, or a source without a time, cannot be told from the next one.
        guard modified != 0 else { return }
        _ = clinux_set_attribute(file.descriptor, name, value(size, modified, senderKey), length)
    }

    /// Whether that sender sent that file, and it has neither been written to nor cut since.
    static func isThat(of file: OpenFile, _ offer: FileOffer, _ senderKey: [UInt8]) -> Bool {
        guard let size = offer.size, offer.modified != 0, let time = FileTime.timespec(offer.modified), let status = try? file.status(),
            status.st_mode & S_IFMT == S_IFREG, UInt64(status.st_size) == size, status.st_mtim.tv_sec == time.tv_sec,
            status.st_mtim.tv_nsec == time.tv_nsec
        else { return false }
        var found = [UInt8](repeating: 0, count: length)
        return clinux_attribute(file.descriptor, name, &found, length) == length && found == value(size, offer.modified, senderKey)
    }
}
