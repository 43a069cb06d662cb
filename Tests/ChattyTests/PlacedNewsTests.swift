import Testing
import TransferProtocol

@testable import chatty

@Suite("What a receiver calls files") struct PlacedNewsTests {
    @Test func whatFollowsFromTheFolderIsNotSaid() {
        var news = PlacedNews()
        let folder = FileOffer(name: ".a", kind: .directory, size: 0)
        #expect(news.take(0, folder, path: "_a") == "The receiver calls .a _a.")
        #expect(news.take(1, FileOffer(name: ".a/x", size: 1), path: "_a/x") == nil)
        #expect(news.take(2, FileOffer(name: ".a/y", size: 1), path: "_a/y (1)") == "The receiver calls .a/y _a/y (1).")
        #expect(news.take(3, FileOffer(name: ".b/x", size: 1), path: "_b/x") == "The receiver calls .b/x _b/x.")
        #expect(news.path(of: 1) == "_a/x")
        #expect(news.path(of: 1) == nil)
    }

    /// It is the receiver's word.
    @Test func noReceiverMovesTheCursor() {
        var news = PlacedNews()
        #expect(news.take(0, FileOffer(name: "x", size: 1), path: "\u{1B}[2J")?.unicodeScalars.contains("\u{1B}") == false)
    }
}
