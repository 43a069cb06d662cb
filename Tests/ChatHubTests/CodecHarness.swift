import ChatCodec
import ChatHub
import ChatProtocol

/// A codec on a hub, connected as in the server's handler: lines in, text out.
struct CodecHarness<Kind: Codec> {
    var script: HubScript
    var codec: Kind
    let session: SessionID
    private var decoder = LineDecoder(maximum: Kind.maximumLine)
    /// Lines that the codec does not accept yet.
    private var waiting: [LineDecoder.Line] = []
    private var isPassing = false
    private var seenAnswers = 0
    private var seenTold = 0
    private(set) var output = ""
    private(set) var isClosed = false

    init(_ codec: Kind, _ script: HubScript = HubScript()) {
        self.script = script
        self.codec = codec
        session = self.script.connect()
        output += String(decoding: self.codec.greeting(), as: UTF8.self)
    }

    /// The output since the last call.
    mutating func popOutput() -> String {
        defer { output = "" }
        return output
    }

    @discardableResult
    mutating func send(_ text: String) -> String { send(Array(text.utf8)) }

    /// Passes bytes to the codec and returns the output since the last call.
    @discardableResult
    mutating func send(_ bytes: [UInt8]) -> String {
        bytes.withUnsafeBytes { decoder.decode($0) { waiting.append($0) } }
        passLines()
        return popOutput()
    }

    /// Passes in each line only after all effects of the one before.
    private mutating func passLines() {
        guard !isPassing else { return }
        isPassing = true
        defer { isPassing = false }
        while codec.acceptsLines, !waiting.isEmpty { perform(codec.decode(waiting.removeFirst())) }
    }

    private mutating func perform(_ steps: [CodecStep]) {
        for step in steps {
            switch step {
            case .write(let bytes): output += String(decoding: bytes, as: UTF8.self)
            case .command(let command, let label):
                script.send(session, command, label: label)
                collect()
            }
        }
    }

    /// Encodes what the hub has sent to the session since the last call. `told` has answers and other messages in one order.
    mutating func collect() {
        let answers = script.answers[session] ?? []
        let told = script.told[session] ?? []
        var unasked = Array(told[min(seenTold, told.count)...])
        seenTold = told.count
        let fresh = answers[min(seenAnswers, answers.count)...]
        seenAnswers = answers.count
        for answer in fresh {
            if let range = unasked.firstRange(of: answer.response), !answer.response.isEmpty { unasked.removeSubrange(range) }
            perform(codec.answer(answer.response, label: answer.label))
        }
        for outgoing in unasked { output += String(decoding: codec.encode(outgoing), as: UTF8.self) }
        if script.closed.contains(session) { isClosed = true }
        passLines()
    }
}
