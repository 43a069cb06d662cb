import ChatProtocol
import ChatStore
import GRDB

/// Removal of a group without members. Its name is free and nobody can read it. Its row stays as long as messages in it exist, so that
/// their senders can export them. Its number is never used again.
enum GroupRemoval {
    /// The value of `folded` of a removed group. No name begins with a hyphen.
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

    /// Deletes the row of a removed group without messages.
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

    /// The greatest number that any group has had.
    static func last(_ db: Database) throws -> GroupID {
        GroupID(
            rawValue: try Int64.fetchOne(
                db, sql: "SELECT max(id) FROM (SELECT id FROM groups UNION ALL SELECT value FROM counters WHERE name = 'last_group')") ?? 0)
    }

    /// Frees the names of groups that lost their last member with an account. Their rows stay: a server that has not seen the removal yet
    /// may still add a member.
    static func removeEmpty(_ db: Database) throws {
        let empty = try Int64.fetchAll(
            db,
            sql: """
                SELECT id FROM groups WHERE folded <> \(freed) AND NOT EXISTS(SELECT 1 FROM members WHERE group_id = groups.id)
                """)
        for id in empty { try free(GroupID(rawValue: id), db) }
    }

    /// Frees the name of a group without members whose removal could not be stored.
    static func freeName(_ name: Name, _ db: Database) throws {
        let empty = try Int64.fetchOne(
            db.cachedStatement(
                sql: "SELECT id FROM groups WHERE folded = ? AND NOT EXISTS(SELECT 1 FROM members WHERE group_id = groups.id)"),
            arguments: [name.folded])
        if let empty { try remove(GroupID(rawValue: empty), db) }
    }
}
