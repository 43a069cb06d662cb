import Foundation
import TestSupport

/// A file system with few features, such as FAT: `Tests/PoorFileSystem`, mounted for one command.
enum PoorDisk {
    private static let unshare = Executable.path(of: "unshare")
    private static let program = Executable.folder + "/PoorFileSystem"

    /// Whether FUSE can be mounted in a new namespace; containers often forbid it.
    static let isAvailable: Bool = {
        guard let unshare, let disk = try? TemporaryFolder() else { return false }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: unshare)
        process.arguments = ["-rm"] + words(disk, #"true"#, [])
        process.standardError = FileHandle.nullDevice
        do { try process.run() } catch { return false }
        process.waitUntilExit()
        return process.terminationStatus == 0
    }()

    /// Runs `chatty` with this file system at `disk` + `/mnt`; its files are in `disk` + `/files`.
    static func chatty(_ words: [String], on disk: TemporaryFolder) throws -> ChattyProcess {
        guard let unshare else { throw HarnessFailure("there is no unshare") }
        return try ChattyProcess(words: ["-rm"] + Self.words(disk, Executable.chatty, words), executable: unshare)
    }

    private static func words(_ disk: TemporaryFolder, _ command: String, _ words: [String]) -> [String] {
        let script = """
            mkdir -p "$2/files" "$2/mnt" || exit 99
            exec 3< <(exec "$1" "$2/files" "$2/mnt")
            read -r -u 3 said && [ "$said" = ready ] || exit 99
            shift 2
            "$@" & command=$!
            trap 'kill -TERM "$command"' TERM
            wait "$command"
            """
        return ["bash", "-c", script, "bash", program, disk.path, command] + words
    }
}
