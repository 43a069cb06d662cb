import ChatProtocol
import NIOCore
import SystemSupport

/// The cores on which this process may run. `taskset`, a cpuset or systemd's `CPUAffinity=` can make them fewer than the machine has.
enum AllowedCores {
    static var count: Int {
        guard let status = try? SmallFile.read("The status of the process", "/proc/self/status") else { return System.coreCount }
        return count(inStatus: String(decoding: status, as: UTF8.self)).map { min($0, System.coreCount) } ?? System.coreCount
    }

    /// The number of bits set in `Cpus_allowed:`, hexadecimal digits with commas between groups (proc(5)); nil without such a line.
    static func count(inStatus status: String) -> Int? {
        let digits = status.pieces(between: "\n").lazy.compactMap { $0.rest(behind: "Cpus_allowed:") }.first
        guard let digits else { return nil }
        let bits = digits.reduce(0) { $0 + ($1.hexDigitValue?.nonzeroBitCount ?? 0) }
        return bits > 0 ? bits : nil
    }
}
