/// What an endpoint reports to its driver, one at a time through ``TransferEndpoint/nextEvent()``.
public enum TransferEvent {
    /// The handshake is done and the peer's key is proven. `peerKey` is its 32-byte static X25519 key,
    /// `verification` the handshake hash both sides share (for a short authentication string).
    case established(peerKey: [UInt8], verification: [UInt8])
    /// The connection is over; always its last event, and exactly one.
    case closed(TransferOutcome)

    // The sending side
    /// The peer has answered an offer. With `held` empty the engine proceeds by itself; otherwise the driver compares the digests with its
    /// own file and calls ``TransferConnection/start(_:keeping:)``.
    case answered(FileID, FileAnswer)
    /// Read these bytes of the file into the buffer, then call ``TransferConnection/filled(_:count:)``.
    case read(ReadRequest)
    /// Every byte of the file has been read: check that it did not change meanwhile, then call ``TransferConnection/end(_:)``, or
    /// ``TransferConnection/fail(_:_:_:)`` with `sourceChanged`. The receiver keeps the file only after `end`.
    case sourceRead(FileID)
    /// The receiver has every byte of this file on its disk and the file in its final place.
    case delivered(FileID)
    /// The receiver uses another name than the one offered; comes before `delivered`. The path is the receiver's text, unchecked.
    case named(FileID, String)

    // The receiving side
    /// A file is offered: answer with ``TransferConnection/answer(_:_:)``.
    case offered(FileID, FileOffer)
    /// No further offer follows those reported.
    case offersEnded
    /// The sender has compared the ranges in our answer: `kept` stay, the rest of the file is sent. Data of the rest may precede this
    /// event.
    case resumed(FileID, kept: [Range<UInt64>])
    /// Write these bytes, then call ``TransferConnection/wrote(_:)``.
    case write(WriteRequest)
    /// Every byte of this file was passed out by `write` and confirmed by `wrote`; `size` is its length (for a stream known only here).
    /// Sync the file, move it into place, then call ``TransferConnection/placed(_:)`` or ``TransferConnection/fail(_:_:_:)``.
    case arrived(FileID, size: UInt64)

    // Both
    /// This file will not arrive; `text` is the peer's explanation, without control characters.
    case failed(FileID, FileFailure, text: String)
    /// The receiver's disk is full, or has room again. Informational: the window alone controls the flow.
    case peerPaused(Bool)
}

/// Bytes of a source file that the engine wants next. The buffer belongs to the engine and stays valid until `filled` or
/// the end of the connection.
public struct ReadRequest {
    public let file: FileID
    /// The offset in the file, bytes.
    public let offset: UInt64
    /// Its length is the amount requested, at most one record. A file of known size must fill it whole; a stream may fill less.
    public let buffer: UnsafeMutableRawBufferPointer
    let slot: Int32
}

/// Decrypted bytes for a destination file. The buffer belongs to the engine and stays valid until `wrote` or the end of the connection.
public struct WriteRequest {
    public let file: FileID
    public let offset: UInt64
    public let bytes: UnsafeRawBufferPointer
    let slot: Int32
}
