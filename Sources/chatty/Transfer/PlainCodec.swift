/// The datagrams of `--legacy`, the format of programs without encryption, acknowledgement or retransmission.
enum PlainCodec {
    /// Bytes of a piece in that format.
    static let pieceBytes = 2048
    static let pause = Duration.milliseconds(1)
    private static let startText = Array("Start sending file:".utf8)
    private static let endText = Array("File send has finished.".utf8)

    enum Datagram: Equatable {
        case start(name: String)
        case piece([UInt8])
        case end
    }

    static func bytes(_ datagram: Datagram) -> [UInt8] {
        switch datagram {
        case .start(let name): startText + Array(name.utf8)
        case .piece(let bytes): bytes
        case .end: endText
        }
    }

    /// Decodes a datagram. The format has no framing, so a piece with the text of a start or an end is taken for one.
    static func datagram(_ bytes: some Collection<UInt8>) -> Datagram {
        if bytes.elementsEqual(endText) { return .end }
        guard bytes.starts(with: startText) else { return .piece(Array(bytes)) }
        let name = String(decoding: bytes.dropFirst(startText.count), as: UTF8.self)
        return .start(name: String(name.unicodeScalars.trimmingSuffix { $0 == "\0" || Character($0).isNewline }))
    }
}

extension String.UnicodeScalarView {
    /// The scalars without those at the end that meet the condition.
    fileprivate func trimmingSuffix(_ condition: (Unicode.Scalar) -> Bool) -> Substring.UnicodeScalarView {
        var text = self[...]
        while let last = text.last, condition(last) { text.removeLast() }
        return text
    }
}
