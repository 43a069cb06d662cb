import TransferProtocol

/// Writes to a slow disk, done on another thread, so that the loop acknowledges arriving data meanwhile: the sender then sees a full window
/// and not a slow path.
///
/// One thread at a time uses the destinations and the engine's memory: the worker during ``run()``, else the loop.
final class SlowWrites: @unchecked Sendable {
    // Unchecked: the loop has it or one worker, never both.

    /// A write that takes so long may have waited for the disk.
    static let patience = TransferDuration.milliseconds(5)
    /// Writes in one run: the window reopens by as much at once.
    static let most = 64

    enum Stop {
        case full
        case busy(descriptor: Int32)
        case failed(FileID, FileFailure, text: String)
    }

    let requests: [WriteRequest]
    private let destinations: [FileID: any TransferDestination]
    /// Keeps the memory of the requests alive.
    private let connection: TransferConnection
    /// The number of requests that are written.
    private(set) var written = 0
    /// Why the run stopped early; nil if it did not.
    private(set) var stop: Stop?
    /// Whether the thread slept for longer than ``patience``: the disk was slow, not the processor.
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

    /// Abandons the destinations, because the transfer ended meanwhile.
    func abandon() { for destination in destinations.values { destination.abandon() } }
}
