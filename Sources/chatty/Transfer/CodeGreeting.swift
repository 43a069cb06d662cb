import Connectivity
import NetworkIO
import TransferIO
import TransferProtocol

/// What codes have in common for those who send and those who receive: what is said about them, and the addresses that are named.
enum CodeGreeting {
    /// The lines that show a code to the person who is to tell it to another, and the event for programs.
    /// - Parameter command: what is typed on the other machine, with the code left out: `chatty recv-file`.
    static func shows(_ code: MeetingCode, typed command: String) -> (line: String, notice: TransferNotice) {
        var notice = TransferNotice(.code)
        notice.code = code.description
        return (line(code, typed: command), notice)
    }

    static func line(_ code: MeetingCode, typed command: String) -> String {
        "Code: \(code) (on the same network, type: \(command) \(code))"
    }

    /// What is said when somebody has tried a wrong code.
    static func wrong(from address: NetworkAddress) -> String {
        "Somebody at \(address.host) has tried a wrong code. The code that was shown is not valid any more."
    }

    /// This machine's addresses for the other side: those that the user announces, else all, the best first.
    static func addresses(port: UInt16, announced: [NetworkAddress] = []) -> [String] {
        guard announced.isEmpty else { return announced.map(\.hostAndPort) }
        let own = LocalAddresses.now(port: port, limit: TransferPayload.maximumAddresses)
        return own.candidates(reflexive: []).named.map(\.hostAndPort)
    }

    /// The other side's addresses, as this machine can use them.
    static func usable(_ texts: [String]) -> [NetworkAddress] {
        LocalAddresses.onOwnLinks(TransferPayload.networkAddresses(texts), NetworkInterface.all())
    }

    /// Meets the host of a code.
    static func meet(_ code: MeetingCode) async throws -> CodeGuest {
        let guest: CodeGuest
        do { guest = try CodeGuest(code) } catch {
            throw CodeFailure(.unreachable, "A code cannot be used here: \(error).")
        }
        do {
            try await guest.meet()
            return guest
        } catch let failure as LinkGuest.Failure {
            throw CodeFailure(failure, code)
        }
    }

    /// Says something to the host of a code.
    static func ask(_ guest: CodeGuest, _ text: CodeText, _ code: MeetingCode) async throws -> CodeText {
        do {
            guard let answer = CodeText(try await guest.ask(text.bytes)) else { throw CodeFailure.notUnderstood }
            if case .refusal(let refusal) = answer { throw CodeFailure(refusal) }
            return answer
        } catch let failure as LinkGuest.Failure {
            throw CodeFailure(failure, code)
        }
    }
}
