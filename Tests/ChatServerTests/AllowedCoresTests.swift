import Testing

@testable import ChatServer

@Suite struct AllowedCoresTests {
    @Test(arguments: [
        ("Name:\tx\nCpus_allowed:\t3\nCpus_allowed_list:\t0-1\n", 2), ("Cpus_allowed:\t1\n", 1), ("Cpus_allowed:\tff,ffffff01\n", 33),
        ("Cpus_allowed:\t0\n", nil), ("Name:\tx\n", nil),
    ]) func theMaskOfTheKernelIsCounted(status: String, count: Int?) {
        #expect(AllowedCores.count(inStatus: status) == count)
    }

    @Test func thisProcessHasOne() { #expect(AllowedCores.count >= 1) }
}
