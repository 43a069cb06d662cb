import ChatClient
import Synchronization
import TransferIO
import TransferProtocol

/// Where chat and transfer meet: carries the files of one chat session over its one UDP port.
final class ChatTransfers: TransferCarrier {
    private let port: UInt16
    private let downloads: String
    private let post: @Sendable (TransferNews) -> Void

    /// - Parameters:
    ///   - port: the UDP port; 0 for any free one.
    ///   - downloads: the folder for received files.
    ///   - post: takes what is to be told.
    init(port: UInt16, downloads: String, post: @escaping @Sendable (TransferNews) -> Void) {
        self.port = port
        self.downloads = downloads
        self.post = post
    }

    private let socket = Mutex<UDPSocket?>(nil)

    func listen() -> Result<UInt16, TransferCarrierFailure> {
        do throws(SystemError) {
            let bound = try socket.withLock { socket throws(SystemError) in
                let made = try UDPSocket(port: port)
                let bound = made.port
                socket = made
                return bound
            }
            return .success(bound)
        } catch {
            return .failure(TransferCarrierFailure(message: "\(error)."))
        }
    }
    func take(_ order: TransferOrder) {}
    func shutDown() {}
}
