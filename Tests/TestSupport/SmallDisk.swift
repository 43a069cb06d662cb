import Foundation
import Testing

/// A disk of a few megabytes for one test: a tmpfs in a mount namespace of its own, which a child holds and which disappears with this
/// object.
///
/// An ordinary user may mount in a new user namespace (user_namespaces(7)), so this needs no root. Other processes of the same user reach
/// the disk through the child.
public final class SmallDisk: Sendable {
    public struct Failure: Error {}

    /// The path of the disk, for every process of this user.
    public let path: String
    private let folder: TemporaryFolder
    private let holder: Process
    /// The child's standard input: the child ends when it is closed, at the latest with this process.
    private let input = Pipe()

    public init(megabytes: Int) throws {
        folder = try TemporaryFolder()
        let output = Pipe()
        holder = Process()
        holder.executableURL = URL(filePath: "/usr/bin/env")
        holder.arguments = [
            "unshare", "-rm", "sh", "-c", "mount -t tmpfs -o size=\(megabytes)m chatty-test \"$1\" && echo there && exec cat", "sh",
            folder.path,
        ]
        holder.standardInput = input
        holder.standardOutput = output
        holder.standardError = FileHandle.nullDevice
        try holder.run()
        path = "/proc/\(holder.processIdentifier)/root" + folder.path
        // A child that cannot mount ends without output.
        guard try output.fileHandleForReading.read(upToCount: 1) != nil else { throw Failure() }
    }

    deinit {
        try? input.fileHandleForWriting.close()
        holder.waitUntilExit()
    }

    fileprivate static let isAvailable = (try? SmallDisk(megabytes: 1)) != nil
}

extension Trait where Self == ConditionTrait {
    /// For tests on a ``SmallDisk``.
    public static var smallDisk: Self {
        .enabled(
            if: SmallDisk.isAvailable,
            "a small disk is a tmpfs in a mount namespace of the test's own (unshare -rm), which this machine does not let this user make")
    }
}
