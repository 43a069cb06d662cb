import GRDB

/// The tables of the store, and how an older one becomes a newer one. A migration that has been released is never changed; the next one is added.
enum StoreSchema {
    static let migrator: DatabaseMigrator = {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1") { db in try db.execute(sql: first) }
        migrator.registerMigration("2") { db in try db.execute(sql: second) }
        migrator.registerMigration("3") { db in try db.execute(sql: third) }
        migrator.registerMigration("4") { db in try db.execute(sql: fourth) }
        migrator.registerMigration("5") { db in try db.execute(sql: fifth) }
        migrator.registerMigration("6") { db in try db.execute(sql: sixth) }
        return migrator
    }()

    // `messages` has one clustered key and no second index: a conversation's messages lie together in their order, and a row is written once.
    // A conversation is a group (its id negated) or the pair of two accounts (a row of `pairs`).
    // `sent` has what senders called their messages of late, to know a repetition by.
    // `words` finds messages by their words; it keeps no texts, and `indexed` tells in which conversation a message it found lies. Both follow behind.
    // `tokens` has what stands in for a password for a while, hashed.
    // A group without members is gone; its row, while there is one, is found by `-` and its id instead of its name (see GroupRemoval).
    // Times are milliseconds since 1970. A removed account keeps its row, without name to log in by, as the sender of what others still read.
    private static let first = """
        CREATE TABLE accounts(
            id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, folded TEXT UNIQUE, phc TEXT,
            created INTEGER NOT NULL, last_login INTEGER, blocked INTEGER NOT NULL DEFAULT 0) STRICT;
        CREATE TABLE groups(
            id INTEGER PRIMARY KEY, name TEXT NOT NULL, folded TEXT NOT NULL UNIQUE, founder INTEGER NOT NULL,
            open INTEGER NOT NULL, created INTEGER NOT NULL) STRICT;
        CREATE TABLE members(
            group_id INTEGER NOT NULL, account INTEGER NOT NULL, after INTEGER NOT NULL,
            PRIMARY KEY(group_id, account)) STRICT, WITHOUT ROWID;
        CREATE INDEX members_by_account ON members(account);
        CREATE TABLE invitations(
            group_id INTEGER NOT NULL, account INTEGER NOT NULL, PRIMARY KEY(group_id, account)) STRICT, WITHOUT ROWID;
        CREATE TABLE pairs(
            id INTEGER PRIMARY KEY, low INTEGER NOT NULL, high INTEGER NOT NULL, UNIQUE(low, high)) STRICT;
        CREATE INDEX pairs_by_high ON pairs(high);
        CREATE TABLE messages(
            conversation INTEGER NOT NULL, id INTEGER NOT NULL, time INTEGER NOT NULL, sender INTEGER NOT NULL,
            notice INTEGER NOT NULL, text TEXT NOT NULL, PRIMARY KEY(conversation, id)) STRICT, WITHOUT ROWID;
        CREATE TABLE sent(
            message INTEGER PRIMARY KEY, account INTEGER NOT NULL, nonce TEXT NOT NULL, time INTEGER NOT NULL) STRICT;
        CREATE TABLE tokens(
            hash BLOB PRIMARY KEY, account INTEGER NOT NULL, expires INTEGER NOT NULL) STRICT, WITHOUT ROWID;
        CREATE INDEX tokens_by_account ON tokens(account);
        CREATE TABLE indexed(id INTEGER PRIMARY KEY, conversation INTEGER NOT NULL) STRICT;
        CREATE VIRTUAL TABLE words USING fts5(text, content='', columnsize=0, tokenize='unicode61 remove_diacritics 2');
        CREATE TABLE lockouts(
            name TEXT PRIMARY KEY, failures INTEGER NOT NULL, blocked_until INTEGER) STRICT, WITHOUT ROWID;
        CREATE TABLE cursors(account INTEGER PRIMARY KEY, message INTEGER NOT NULL) STRICT;
        CREATE TABLE counters(name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
        INSERT INTO counters VALUES('last_message', 0), ('last_indexed', 0);
        """

    // How far an account has read a conversation (IRCv3 read-marker); `target` is another account, or a group with its id negated.
    private static let second = """
        CREATE TABLE read_markers(
            account INTEGER NOT NULL, target INTEGER NOT NULL, time INTEGER NOT NULL,
            PRIMARY KEY(account, target)) STRICT, WITHOUT ROWID;
        """

    // When a name's last wrong password was tried; how often an account's password has been set; removed accounts of which something is still to be deleted.
    private static let third = """
        ALTER TABLE lockouts ADD COLUMN last INTEGER NOT NULL DEFAULT 0;
        UPDATE lockouts SET last = CAST(strftime('%s', 'now') AS INTEGER) * 1000;
        ALTER TABLE accounts ADD COLUMN passwords INTEGER NOT NULL DEFAULT 0;
        CREATE TABLE removals(account INTEGER PRIMARY KEY) STRICT;
        """

    // Messages behind the first, up to the second, that a session was told and lost with its connection; and how its client had named itself.
    private static let fourth = """
        CREATE TABLE debts(account INTEGER NOT NULL, behind INTEGER NOT NULL, up_to INTEGER NOT NULL, client TEXT) STRICT;
        CREATE INDEX debts_by_account ON debts(account);
        """

    // Words are those of SearchText, marks and all; the index is made anew, behind the commits.
    private static let fifth = """
        DROP TABLE words;
        CREATE VIRTUAL TABLE words USING fts5(
            text, content='', columnsize=0, tokenize="unicode61 remove_diacritics 0 categories 'L* N* M* Co'");
        DELETE FROM indexed;
        UPDATE counters SET value = 0 WHERE name = 'last_indexed';
        """

    // `entries` has what other processes did to accounts, as it was at its position, for the server that is running; it takes each row away when it has
    // followed it. The counter `position` is the last position that was given to anything but a message.
    private static let sixth = """
        CREATE TABLE entries(
            position INTEGER PRIMARY KEY, time INTEGER NOT NULL, account INTEGER NOT NULL, name TEXT NOT NULL,
            blocked INTEGER NOT NULL, passwords INTEGER NOT NULL, removed INTEGER NOT NULL) STRICT;
        INSERT INTO counters SELECT 'position', value FROM counters WHERE name = 'last_message';
        ALTER TABLE invitations ADD COLUMN inviter INTEGER NOT NULL DEFAULT 0;
        UPDATE invitations SET inviter = coalesce((SELECT founder FROM groups WHERE id = group_id), 0);
        """
}
