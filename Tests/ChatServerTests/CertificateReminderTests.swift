import ChatProtocol
import Testing

@testable import ChatServer

@Suite struct CertificateReminderTests {
    private static let day: Int64 = 86_400_000
    private static let start = Timestamp(milliseconds: 1_767_225_600_000)
    private static func validity(days: Int64) -> CertificateValidity {
        CertificateValidity(file: "c.pem", from: start, until: start.adding(milliseconds: days * day))
    }

    @Test(
        arguments: [
            (20, nil), (15, nil), (14, "The certificate c.pem expires in 14 days, on 2026-01-15. Renew it, then send SIGHUP."),
            (1, "The certificate c.pem expires in 1 day, on 2026-01-02. Renew it, then send SIGHUP."),
            (0, "The certificate c.pem expired on 2026-01-01: clients refuse it. Renew it, then send SIGHUP."),
            (-3, "The certificate c.pem expired on 2025-12-29: clients refuse it. Renew it, then send SIGHUP."),
        ] as [(Int64, String?)])
    func fourteenDaysBefore(days: Int64, warning: String?) { #expect(Self.validity(days: days).warning(at: Self.start) == warning) }

    @Test func anHourBefore() {
        let now = Self.start.adding(milliseconds: Self.day - 3_600_000)
        #expect(Self.validity(days: 1).warning(at: now)?.contains("expires in less than a day") == true)
    }

    @Test func oneThatIsNotValidYet() {
        #expect(
            Self.validity(days: 90).warning(at: Self.start.adding(milliseconds: -1))
                == "The certificate c.pem is not valid before 2026-01-01: clients refuse it until then.")
    }

    @Test func onceADay() {
        var reminder = CertificateReminder(Self.validity(days: 16))
        var told: [Int64] = []
        for hour in Int64(0)..<(24 * 20) where reminder.next(at: Self.start.adding(milliseconds: hour * 3_600_000)) != nil {
            told.append(hour)
        }
        #expect(told == (2..<20).map { $0 * 24 })
        // A clock that was a year ahead does not suppress the next warning.
        #expect(reminder.next(at: Self.start.adding(milliseconds: 370 * Self.day)) != nil)
        #expect(reminder.next(at: Self.start.adding(milliseconds: 15 * Self.day)) != nil)
    }
}
