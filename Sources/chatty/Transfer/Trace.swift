import TransferIO
import TransferProtocol

/// The trace of a command's transfers (`--qlog`).
enum Trace {
    /// Opens the file.
    /// - Returns: nil without the option.
    static func open(_ arguments: Arguments, isSender: Bool, _ reporter: TransferReporter) throws -> TraceFile? {
        try arguments[TraceFlags.qlog].map { path in
            try TraceFile(path: path, title: isSender ? "chatty send-file" : "chatty recv-file", isSender: isSender) { text in
                reporter.complain(Printable.text(text))
            }
        }
    }
}
