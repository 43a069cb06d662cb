import ChatHub
import ChatProtocol
import GRDB

/// A group that has lost its last member is gone: it is not found by its name and nobody can read it. Its row stays, so that its number and with it its messages
/// never become another group's, and so that these have a place in what their senders can export until they are too old.
enum GroupRemoval {
    /// What it is found by then: no name begins with a hyphen.
    private static let freed = "'-' || id"

    static func remove(_ group: GroupID, _ db: Database) throws {
        try db.cachedStatement(sql: "UPDATE groups SET folded = \(freed) WHERE id = ?").execute(arguments: [group.rawValue])
        try db.cachedStatement(sql: "DELETE FROM invitations WHERE group_id = ?").execute(arguments: [group.rawValue])
        try db.cachedStatement(sql: "DELETE FROM read_markers WHERE target = ?").execute(arguments: [ReadTarget.group(group).row])
    }

    /// Those that have lost their last members with an account, whether or not a server was there to see it.
    static func removeEmpty(_ db: Database) throws {
        let empty = try Int64.fetchAll(
            db,
            sql: """
                SELECT id FROM groups WHERE folded <> \(freed) AND NOT EXISTS(SELECT 1 FROM members WHERE group_id = groups.id)
                """)
        for id in empty { try remove(GroupID(rawValue: id), db) }
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
