import Testing

@testable import chatty

/// The lines of `--progress json` and their description in the manual; `ProgressEventsTests` compares the description with the output.
@Suite struct TransferNoticeTests {
    @Test func everyFieldHasAName() {
        let stored = Mirror(reflecting: TransferNotice(.end)).children.compactMap(\.label)
        #expect(Set(stored).subtracting(["event"]) == Set(TransferNotice.Field.allCases.map(\.rawValue)))
    }

    @Test(arguments: [TransferNotice.Side.sender, .receiver]) func noFieldIsBothAlwaysAndPerhapsThere(side: TransferNotice.Side) {
        for event in side.events {
            let fields = event.fields(side)
            #expect(Set(fields.always + fields.perhaps).count == fields.always.count + fields.perhaps.count, "\(event)")
        }
    }

    @Test func aLineEndIsNoneInAName() {
        var notice = TransferNotice(.done)
        notice.name = "a\nb\u{1B}"
        #expect(notice.line == #"{"event":"done","name":"a\nb\u001b"}"# + "\n")
    }
}
