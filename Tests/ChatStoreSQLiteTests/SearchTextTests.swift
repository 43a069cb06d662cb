import ChatProtocol
import ChatStore
import GRDB
import Testing

@testable import ChatStoreSQLite

/// Messages are found by their words in any script. Case and accents do not count, and in a script without spaces adjacent characters form
/// one word.
@Suite struct SearchTextTests {
    @Test(arguments: [
        ("明日の会議は九時から", "会議"), ("明日の会議は九時から", "会議は九"), ("カンファレンス", "ファレ"), ("พรุ่งนี้มีประชุมใหญ่", "ประชุม"),
        ("ວັນນີ້ມີກອງປະຊຸມ", "ປະຊຸມ"), ("ថ្ងៃនេះមានប្រជុំ", "ប្រជុំ"), ("회의를 시작합니다", "회의"), ("Η Ελλάδα κερδίζει", "ΕΛΛΑΔΑ"), ("Ο ΔΡΟΜΟΣ", "δρόμος"),
        ("ΕΛΛΑΔΑ", "Ελλάδα"), ("Ёлка", "елка"), ("елка", "ЁЛКА"), ("Straße", "STRASSE"), ("naïve café", "NAIVE"), ("naive", "naïve"),
        ("ﬁnd", "find"),
        ("Ａｂｃ１２", "abc12"), ("שָׁלוֹם", "שלום"), ("مُحَمَّد", "محمد"), ("İstanbul ılık", "istanbul ilik"), ("हिन्दी", "हिन्दी"), ("中文abc", "abc"),
        ("abc中文", "abc中"), ("Tiếng Việt", "tieng viet"), ("Łódź", "łodz"), ("Zürich-Größe", "grösse"), ("50歳", "50"),
        ("soft\u{AD}ware", "software"),
        ("e\u{301}te\u{301}", "été"), ("会議室", "会議*"), ("ελλάδα", "ΕΛΛ*"),
    ])
    func isFound(_ said: String, _ words: String) throws { #expect(try SearchTextTests.finds(words, in: said)) }

    @Test(arguments: [
        ("明日の会議", "議会"), ("明日の会議", "会の議"), ("กิน", "กัน"), ("कल", "कुल"), ("がく", "かく"), ("Ελλάδα", "Ελλάς"), ("中文", "abc"),
    ])
    func isAnotherWord(_ said: String, _ words: String) throws { #expect(try !SearchTextTests.finds(words, in: said)) }

    /// Deleted messages are not found, and the others still are.
    @Test func whatIsDeletedIsForgotten() throws {
        let fixture = try StoreFixture()
        try Self.say(["会議一", "会議二"], fixture)
        try fixture.store.pool.write { db in
            let rows = try Row.fetchAll(db, sql: "SELECT id, text, conversation FROM messages WHERE text = '会議一'")
            for row in rows { try MessageDeletion.delete([row], from: row[2], db) }
        }
        #expect(try fixture.store.history(StoreFixture.luke, .search("会議", limit: 10), searchTime: .seconds(20)).map(\.text) == ["会議二"])
        #expect(
            try fixture.store.pool.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM words WHERE words MATCH '\"一\"'") } == 0)
    }

    private static func finds(_ words: String, in said: String) throws -> Bool {
        let fixture = try StoreFixture()
        try say([said], fixture)
        return try !fixture.store.history(StoreFixture.luke, .search(words, limit: 10), searchTime: .seconds(20)).isEmpty
    }

    private static func say(_ texts: [String], _ fixture: StoreFixture) throws {
        var index = try fixture.store.pool.writeWithoutTransaction(SearchIndex.init)
        var applier = StoreApplier()
        try fixture.store.pool.write { db in
            for (number, text) in texts.enumerated() {
                let message = try StoreFixture.message(
                    Int64(number + 1), from: StoreFixture.yoda, "yoda", to: .user(StoreFixture.luke, Name("luke")), text)
                index.add(message, conversation: try applier.insert(message, db))
            }
        }
        try fixture.store.pool.writeWithoutTransaction { db in while !index.isIdle { try index.work(db) } }
    }
}
