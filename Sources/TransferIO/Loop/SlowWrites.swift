import TransferProtocol

/// Writes to a disk that makes its writer wait, done on another thread, so that meanwhile the loop acknowledges what arrives: the
/// sender then sees a full window and no slow path.
///
/// The file's objects and the engine's memory belong to whoever has it: to the loop, to the worker while ``run()`` is under way.
final class SlowWrites: @unchecked Sendable {
    // Unchecked: it is with the loop or lent to one worker, never with both.

    /// A write that takes so long may have waited for the disk.
    static let patience = TransferDuration.milliseconds(5)
    /// Records in one go: the window opens again by as much at once.
    static let most = 64

    enum Stop {
        case full
        case busy(descriptor: Int32)
        case failed(FileID, FileFailure, text: String)
    }

    let requests: [WriteRequest]
    private let destinations: [FileID: any TransferDestination]
    /// Owns the memory that the requests are in.
    private let connection: TransferConnection
    /// So many are written.
    private(set) var written = 0
    /// Why no more are.
    private(set) var stop: Stop?
    /// The thread slept for longer than that: it was the disk, not the processor.
    private(set) var isSlow = false

    init(_ requests: [WriteRequest], to destinations: [FileID: any TransferDestination], of connection: TransferConnection) {
        self.requests = requests
        self.connection = connection
        self.destinations = destinations
    }

    var files: Dictionary<FileID, any TransferDestination>.Keys { destinations.keys }

    func run() {
        let start = LoopCore.clock()
        let before = ThreadTimes.now()
        defer {
            let times = ThreadTimes.now() - before
            isSlow = LoopCore.clock() - start - times.cpu - times.ready > Self.patience
        }
        for request in requests {
            do {
                try destinations[request.file]?.write(request.bytes, at: request.offset)
            } catch is DestinationFull {
                stop = .full
            } catch let busy as DestinationBusy {
                stop = .busy(descriptor: busy.descriptor)
            } catch is OutputClosed {
                stop = .failed(request.file, .outputClosed, text: "the program reading the output closed it")
            } catch let error {
                stop = .failed(request.file, .destinationFailed, text: "\(error)")
            }
            guard stop == nil else { return }
            written += 1
        }
    }

    /// The transfer ended meanwhile.
    func abandon() { for destination in destinations.values { destination.abandon() } }
}
