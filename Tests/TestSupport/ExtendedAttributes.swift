import CLinux
import Foundation

/// Whether the file system of the temporary folder supports user extended attributes.
public enum ExtendedAttributes {
    public static let areKept: Bool = {
        guard let folder = try? TemporaryFolder(), let path = try? folder.write("probe", [1]) else { return false }
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        return clinux_set_attribute(descriptor, "user.chatty.probe", "1", 1) == 0
    }()
}
