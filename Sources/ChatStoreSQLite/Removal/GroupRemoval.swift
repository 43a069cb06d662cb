import ChatProtocol
import ChatStore
import GRDB

/// A group that has lost its last member is gone: it is not found by its name and nobody can read it. Its row stays as long as there is something that was said
/// in it, so that this has a place in what its senders can export until it is too old. Its number is never another group's.
enum GroupRemoval {
    /// What it is found by then: no name begins with a hyphen.
    private static let freed = "'-' || id"

    static func remove(_ group: GroupID, _ db: Database) throws {
        try free(group, db)
        try forget(group, db)
    }

    private static func free(_ group: GroupID, _ db: Database) throws {
        try db.cachedStatement(sql: "UPDATE groups SET folded = \(freed) WHERE id = ?").execute(arguments: [group.rawValue])
        try db.cachedStatement(sql: "DELETE FROM invitations WHERE group_id = ?").execute(arguments: [group.rawValue])
        try db.cachedStatement(sql: "DELETE FROM read_markers WHERE target = ?").execute(arguments: [ReadTarget.group(group).row])
    }

    /// Deletes the row of a group that is gone, where nothing is left of what was said in it.
    static func forget(_ group: GroupID, _ db: Database) throws {
        try db.cachedStatement(
            sql: """
                DELETE FROM groups WHERE id = ? AND folded = \(freed) AND NOT EXISTS(SELECT 1 FROM members WHERE group_id = groups.id)
                AND NOT EXISTS(SELECT 1 FROM messages WHERE conversation = -groups.id)
                """
        ).execute(arguments: [group.rawValue])
        guard db.changesCount > 0 else { return }
        try db.cachedStatement(
            sql: """
                INSERT INTO counters VALUES('last_group', ?) ON CONFLICT(name) DO UPDATE SET value = max(value, excluded.value)
                """
        ).execute(arguments: [group.rawValue])
    }

    /// The greatest number that a group has had.
    static func last(_ db: Database) throws -> GroupID {
        GroupID(
            rawValue: try Int64.fetchOne(
                db, sql: "SELECT max(id) FROM (SELECT id FROM groups UNION ALL SELECT value FROM counters WHERE name = 'last_group')") ?? 0)
    }

    /// Those that have lost their last members with an account, whether or not a server was there to see it. One that has not heard of it yet may still let
    /// somebody in: their rows stay.
    static func removeEmpty(_ db: Database) throws {
        let empty = try Int64.fetchAll(
            db,
            sql: """
                SELECT id FROM groups WHERE folded <> \(freed) AND NOT EXISTS(SELECT 1 FROM members WHERE group_id = groups.id)
                """)
        for id in empty { try free(GroupID(rawValue: id), db) }
    }

    /// Takes the name from a group without members, where its removal could not be kept.
    static func freeName(_ name: Name, _ db: Database) throws {
        let empty = try Int64.fetchOne(
            db.cachedStatement(
                sql: "SELECT id FROM groups WHERE folded = ? AND NOT EXISTS(SELECT 1 FROM members WHERE group_id = groups.id)"),
            arguments: [name.folded])
        if let empty { try remove(GroupID(rawValue: empty), db) }
    }
}
