import Testing
import TransferProtocol

@testable import chatty

@Suite("What a receiver calls files") struct ReceiverPathsTests {
    /// The files may be placed in any order.
    @Test(arguments: [[0, 1, 2, 3, 4], [4, 3, 2, 1, 0], [2, 0, 3, 1, 4]]) func whatFollowsFromTheFolderIsNotSaid(order: [Int]) {
        let offers = [
            (FileOffer(name: ".a", kind: .directory, size: 0), "_a"), (FileOffer(name: ".a/d", kind: .directory, size: 0), "_a/d"),
            (FileOffer(name: ".a/d/x", size: 1), "_a/d/x"), (FileOffer(name: ".a/y", size: 1), "_a/y (1)"),
            (FileOffer(name: ".b/x", size: 1), "_b/x"),
        ]
        var news = ReceiverPaths()
        for index in order { news.record(FileID(index), offers[index].0, path: offers[index].1) }
        #expect(
            news.lines() == [
                "The receiver stores .a as _a.", "The receiver stores .a/y as _a/y (1).", "The receiver stores .b/x as _b/x.",
            ])
        #expect(news.path(of: 2) == "_a/d/x")
        #expect(news.path(of: 2) == nil)
    }

    /// The path is foreign text.
    @Test func noReceiverMovesTheCursor() {
        var news = ReceiverPaths()
        news.record(0, FileOffer(name: "x", size: 1), path: "\u{1B}[2J")
        #expect(news.lines().first?.unicodeScalars.contains("\u{1B}") == false)
    }
}
