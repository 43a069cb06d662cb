import ChatClient
import Testing
import TransferProtocol

@testable import chatty

@Suite("What a transfer says")
struct TransferTextTests {
    @Test(arguments: [
        (0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (16_000_000, "16.0 MB"), (999_949, "999.9 kB"), (999_950, "1.0 MB"),
        (1_234_567_890, "1.2 GB"), (UInt64.max, "18.4 EB"),
    ])
    func bytes(count: UInt64, text: String) { #expect(TransferText.bytes(count) == text) }

    @Test(arguments: [
        (0.0, "0:00"), (7.4, "0:07"), (59.6, "1:00"), (754, "12:34"), (3723, "1:02:03"), (-1, "0:00"), (.infinity, "99:59:59"),
    ])
    func clock(seconds: Double, text: String) { #expect(TransferText.clock(seconds) == text) }

    @Test(arguments: [(0.0004, "0.4 ms"), (0.012, "12 ms"), (0.75, "750 ms"), (1.5, "1.5 s")])
    func delay(seconds: Double, text: String) { #expect(TransferText.delay(seconds) == text) }

    @Test(arguments: [(0.0, "0 %"), (0.0125, "1.25 %"), (0.3, "30 %"), (0.001, "0.10 %"), (2, "100 %")])
    func percent(share: Double, text: String) { #expect(TransferText.percent(share) == text) }

    @Test func theRateIsOfTheLastSeconds() {
        var meter = RateMeter()
        func figures(_ done: UInt64, resumed: UInt64 = 0) -> TransferStatistics {
            var figures = TransferStatistics()
            figures.bytesDone = done
            figures.bytesResumed = resumed
            return figures
        }
        #expect(meter.rate == 0)
        meter.add(figures(0), at: 0)
        #expect(meter.remaining(to: 100) == nil)
        for second in 1...10 { meter.add(figures(UInt64(second) * 100), at: Double(second)) }
        #expect(meter.rate == 100)
        #expect(meter.remaining(to: 2000) == 10)
        #expect(meter.remaining(to: 500) == 0)
        for second in 11...20 { meter.add(figures(1000), at: Double(second)) }
        #expect(meter.rate == 0)
        // The count of a resumed transfer may become smaller.
        meter.add(figures(10), at: 21)
        #expect(meter.rate == 0)
        // Bytes of an earlier transfer count neither as speed nor as remaining.
        var resumed = RateMeter()
        resumed.add(figures(0), at: 0)
        resumed.add(figures(900, resumed: 800), at: 1)
        #expect(resumed.rate == 100)
        #expect(resumed.remaining(to: 1000) == 1)
    }

    @Test(arguments: [20, 40, 60, 80, 100, 200]) func theLineFits(columns: Int) {
        var figures = TransferStatistics()
        figures.bytesDone = 5_000_000
        figures.bytesTotal = 20_000_000
        figures.smoothedRTT = .milliseconds(12)
        let name = "a very long name of a video that somebody made on holiday.mp4"
        figures.limit = .senderOrPath
        let line = ProgressLine.text(name: name, figures: figures, rate: 8_100_000, remaining: 2, loss: 0.001, columns: columns)
        #expect(line.count < columns)
        #expect(line.contains("25 %"))
        // On a terminal of usual width the bottleneck is shown, and less important parts make room for it.
        if columns >= 80 { #expect(line.contains("  8.1 MB/s  ETA 0:02  ") && line.hasSuffix("  limited by sender or path")) }
        if columns == 200 {
            #expect(
                line == "\(name)  25 %  5.0 MB of 20.0 MB  8.1 MB/s  ETA 0:02  RTT 12 ms  loss 0.10 %  limited by sender or path")
        }
    }

    /// A line wider than the terminal would be drawn on a new row at each update.
    @Test(arguments: ["映画のとても長い名前.mp4", "e\u{301}te\u{301} a\u{300} la plage, premie\u{300}re partie.mp4", "🎬🎬🎬🎬🎬🎬🎬🎬🎬🎬🎬🎬🎬.mp4"], 16...60)
    func aWideNameFits(name: String, columns: Int) {
        DisplayWidth.adoptLocale()
        var figures = TransferStatistics()
        figures.bytesDone = 5_000_000
        figures.bytesTotal = 20_000_000
        let line = ProgressLine.text(name: name, figures: figures, rate: 8_100_000, remaining: 2, loss: 0, columns: columns)
        #expect(DisplayWidth.columns(of: line) < columns && line.contains("25 %"), "\(line)")
    }

    @Test func aNameIsShortenedByWholeCharacters() {
        DisplayWidth.adoptLocale()
        #expect(DisplayWidth.columns(of: "e\u{301}映🎬") == 5)
        #expect(DisplayWidth.shortened("映画.mp4", to: 8) == "映画.mp4")
        #expect(DisplayWidth.shortened("映画.mp4", to: 4) == "映…")
        #expect(DisplayWidth.shortened("e\u{301}te\u{301}", to: 2) == "e\u{301}…")
        #expect(DisplayWidth.shortened("film", to: 0).isEmpty)
    }

    @Test func thePlainForm() {
        #expect(PlainCodec.datagram("Start sending file:movie.mp4\n".utf8) == .start(name: "movie.mp4"))
        #expect(PlainCodec.datagram("File send has finished.".utf8) == .end)
        #expect(PlainCodec.datagram("File send has finished!".utf8) == .piece(Array("File send has finished!".utf8)))
        for datagram in [PlainCodec.Datagram.start(name: "é.mp4"), .piece([0, 1, 255]), .end] {
            #expect(PlainCodec.datagram(PlainCodec.bytes(datagram)) == datagram)
        }
    }

    @Test(arguments: [
        (TransferFailure.unreachable, true, chatty.ExitStatus.unreachable), (.refused, true, .refused), (.timedOut, true, .interrupted),
        (.timedOut, false, .failed), (.closedByPeer(.goingAway, ""), true, .interrupted),
        (.closedByPeer(.fileError, "x"), true, .interrupted),
        (.diskFull, true, .interrupted),
        (.unsupportedVersion([2]), true, .failed), (.protocolViolation("\u{1B}"), true, .failed),
    ])
    func everyFailureHasItsStatus(failure: TransferFailure, resumable: Bool, status: chatty.ExitStatus) {
        let end = TransferEnd(failure, peer: "the receiver", resumable: resumable)
        #expect(end.status == status)
        #expect(end.message?.contains("\u{1B}") == false)
        #expect(end.message?.contains("send the same again to resume") == (status == .interrupted))
    }

    @Test func theWorstCounts() {
        #expect(TransferEnd.worse(.done, .notDelivered) == .notDelivered)
        #expect(TransferEnd.worse(.failed, .notDelivered) == .failed)
        #expect(TransferEnd.worse(.interrupted, .done) == .interrupted)
    }
}
