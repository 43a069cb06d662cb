import Testing
import TransferProtocol

@testable import chatty

@Suite struct FolderConsentTests {
    private func offer(_ name: String, _ kind: FileOffer.Kind = .file, size: UInt64? = 5, _ contents: FolderContents? = nil) -> FileOffer {
        var offer = FileOffer(name: name, kind: kind, size: size)
        offer.contents = contents
        return offer
    }

    /// One answer covers what the sender announced, and no more.
    @Test func itCoversWhatWasSaid() throws {
        var consent = try #require(FolderConsent(offer("photos", .directory, FolderContents(files: 2, bytes: 9)), isTaken: true))
        #expect(consent.answer(to: offer("photos/summer", .directory)) == .taken)
        #expect(consent.answer(to: offer("photos/a")) == .taken)
        #expect(consent.answer(to: offer("photos/b")) == .toBeAsked)
        #expect(consent.answer(to: offer("photos/stream", size: nil)) == .toBeAsked)
        #expect(consent.answer(to: offer("photos/c", size: 4)) == .taken)
        #expect(consent.answer(to: offer("photos/d", size: 0)) == .toBeAsked)
        for other in ["photosynthesis", "Photos/a", "other/photos/a", "e"] { #expect(consent.answer(to: offer(other)) == .toBeAsked) }
    }

    @Test func whatIsInADeclinedFolderGoesWithIt() throws {
        var consent = try #require(FolderConsent(offer("photos", .directory), isTaken: false))
        #expect(consent.answer(to: offer("photos/a")) == .declined)
        #expect(consent.answer(to: offer("b")) == .toBeAsked)
    }

    @Test func onlyAFolderAtTheTopIsOne() {
        #expect(FolderConsent(offer("photos"), isTaken: true) == nil)
        #expect(FolderConsent(offer("photos/summer", .directory), isTaken: true) == nil)
    }

    @Test func itIsDescribed() {
        #expect(
            FolderConsent.description(of: offer("a\u{1B}[2Jb", .directory))
                == "the folder \(Printable.text("a\u{1B}[2Jb")) and all that is in it")
        #expect(
            FolderConsent.description(of: offer("photos", .directory, FolderContents(files: 1, bytes: 1_200_000)))
                == "the folder photos: 1 file, 1.2 MB")
    }

    /// Folders are not counted as files.
    @Test(arguments: [
        (["a"], "a"), (["a/", "a/b", "a/c/", "a/c/d"], "a (2 files)"), (["a/"], "a (0 files)"), (["a", "b/", "b/c"], "2 files"),
        (["a/", "b/"], "0 files"),
    ]) func whatIsSentHasAName(names: [String], said: String) {
        let offers = names.map { $0.hasSuffix("/") ? offer(String($0.dropLast()), .directory) : offer($0) }
        #expect(SentName.of(offers) == said)
    }
}
