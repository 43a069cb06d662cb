import ChatHub
import ChatProtocol
import ChatStore
import Testing

/// Accounts that are removed while the server runs, and simultaneous requests of two sessions of one account.
@Suite struct RemovedAccountTests {
    private static func remove(_ user: String, from script: inout HubScript) {
        script.removeAccount(user)
        script.watch()
    }

    @Test func thoseInItsGroupsAreTold() {
        var script = HubScript()
        let (yoda, luke, hans) = (script.logIn("yoda"), script.logIn("luke"), script.logIn("hans"))
        for group in ["jedi", "sith"] { script.send(yoda, .createGroup(name: group, members: [])) }
        script.send(luke, .joinGroup(name: "jedi", createsMissing: false))
        for session in [luke, hans] { script.forget(session) }
        Self.remove("yoda", from: &script)
        #expect(script.told[luke] == [.memberLeft(user: "yoda", group: "jedi")])
        #expect(script.told[hans] == [])
        #expect(script.closed == [yoda])
    }

    /// The engine's outcomes arrive after the account has been removed.
    @Test func nothingThatIsStillBeingStoredBringsItBack() {
        var script = HubScript()
        let (yoda, luke) = (script.logIn("yoda"), script.logIn("luke"))
        script.send(luke, .createGroup(name: "jedi", members: []))
        script.holdsBack = true
        let phone = [1, 2].map { _ in script.connect() }
        for id in phone { script.send(id, .logIn(name: "yoda", password: "pw-yoda", begins: true)) }
        script.settle()
        script.send(yoda, .joinGroup(name: "jedi", createsMissing: false))
        script.send(phone[0], .createGroup(name: "sith", members: []))
        script.send(phone[1], .markRead(with: .user("luke"), script.now.wall))
        Self.remove("yoda", from: &script)
        script.settle()
        script.holdsBack = false
        script.forget(luke)
        script.send(luke, .listMembers(group: "jedi"))
        guard case .members(let roster)? = script.told[luke]?.first else {
            Issue.record("no members")
            return
        }
        #expect(roster.members.map(\.name) == ["luke"])
        #expect(script.log.directory.group(named: "sith") == nil, "nobody is in it")
        script.forget(luke)
        script.send(luke, .createGroup(name: "sith", members: []))
        #expect(script.told[luke]?.last == .reply(.groupCreated("sith", members: [])))
    }

    /// The account is added and removed before the hub polls: it sees both, in that order.
    @Test func anAccountThatCameAndWentIsNone() throws {
        var script = HubScript(users: ["luke"])
        let luke = script.logIn("luke")
        script.holdsBack = true
        try script.addAccount("leia", id: 9)
        script.removeAccount("leia")
        script.send(luke, .message(to: "leia", text: "x", isNotice: false))
        script.settle()
        #expect(script.texts(luke) == [Reply.noSuchUser("leia").text])
    }

    @Test func whatIsAskedMeanwhileIsNotDone() throws {
        var script = HubScript()
        let yoda = script.logIn("yoda")
        script.holdsBack = true
        script.send(yoda, .message(to: "leia", text: "x", isNotice: false))
        try script.addAccount("leia", id: 9)
        Self.remove("yoda", from: &script)
        script.settle()
        #expect(script.kept.allSatisfy { if case .message = $0 { false } else { true } })
    }

    @Test func twoSessionsOfAnAccountLeaveAGroupAtOnce() {
        var script = HubScript()
        let (yoda, phone, luke) = (script.logIn("yoda"), script.logIn("yoda"), script.logIn("luke"))
        script.send(luke, .createGroup(name: "jedi", members: []))
        script.send(yoda, .joinGroup(name: "jedi", createsMissing: false))
        for session in [yoda, phone, luke] { script.forget(session) }
        script.holdsBack = true
        for session in [yoda, phone] { script.send(session, .leaveGroup(name: "jedi")) }
        script.settle()
        #expect(script.told[luke] == [.memberLeft(user: "yoda", group: "jedi")])
        #expect(script.told[yoda] == [.reply(.left("jedi"))])
        #expect(script.told[phone] == [.memberLeft(user: "yoda", group: "jedi"), .reply(.notMember("jedi"))])
    }

    @Test func andItGoesWithThem() {
        var script = HubScript()
        let (yoda, phone) = (script.logIn("yoda"), script.logIn("yoda"))
        script.send(yoda, .createGroup(name: "jedi", members: []))
        for session in [yoda, phone] { script.forget(session) }
        script.holdsBack = true
        for session in [yoda, phone] { script.send(session, .leaveGroup(name: "jedi")) }
        script.settle()
        #expect(script.told[phone]?.last == .reply(.noSuchGroup("jedi")))
    }

    /// Invitations are state: an absent user is informed at the next log-in, until the invitation is used or the group ends.
    @Test func whoComesLaterIsToldOfItsInvitations() {
        var script = HubScript()
        let yoda = script.logIn("yoda")
        script.send(yoda, .createGroup(name: "jedi", members: ["luke"]))
        script.send(yoda, .createGroup(name: "sith", members: ["luke"]))
        func invitations(_ id: SessionID) -> [Outgoing] {
            (script.told[id] ?? []).filter { if case .invitation = $0 { true } else { false } }
        }
        func logIn() -> SessionID {
            let id = script.connect()
            script.send(id, .logIn(name: "luke", password: "pw-luke", begins: true))
            return id
        }
        let first = logIn()
        #expect(
            invitations(first) == [
                .invitation(by: "yoda", to: "luke", group: "jedi"), .invitation(by: "yoda", to: "luke", group: "sith"),
            ])
        script.send(first, .joinGroup(name: "jedi", createsMissing: false))
        script.send(yoda, .leaveGroup(name: "sith"))
        #expect(invitations(logIn()).isEmpty)
    }

    /// One process adds an account while another blocks one: both changes happen, in either order.
    @Test func whatToolsDoAtOnceIsAllKnown() throws {
        var script = HubScript()
        let hans = script.logIn("hans")
        script.holdsBack = true
        try script.addAccount("leia", id: 9)
        script.setBlocked("hans", true)
        script.watch()
        script.settle()
        #expect(script.closed == [hans])
        script.holdsBack = false
        let leia = script.connect()
        script.send(leia, .logIn(name: "leia", password: "pw-leia", begins: true))
        #expect(script.told[leia]?.first == .loggedIn(name: "leia"))
    }

    /// A block that the hub has not seen yet still refuses a log-in after it.
    @Test func whoWasBlockedAMomentAgoDoesNotGetIn() {
        var script = HubScript()
        script.setBlocked("hans", true)
        let hans = script.connect()
        script.send(hans, .logIn(name: "hans", password: "pw-hans", begins: true))
        #expect(script.told[hans] == [.reply(.blocked)])
    }

    @Test func whoHasJoinedMeanwhileIsNotInvited() {
        var script = HubScript()
        let (yoda, luke) = (script.logIn("yoda"), script.logIn("luke"))
        script.send(yoda, .createGroup(name: "jedi", members: []))
        for session in [yoda, luke] { script.forget(session) }
        script.holdsBack = true
        script.send(luke, .joinGroup(name: "jedi", createsMissing: false))
        script.send(yoda, .invite(user: "luke", group: "jedi"))
        script.settle()
        #expect(script.told[yoda]?.last == .reply(.alreadyMemberOther(user: "luke", group: "jedi")))
        #expect(script.told[luke]?.contains { if case .invitation = $0 { true } else { false } } == false)
    }
}
