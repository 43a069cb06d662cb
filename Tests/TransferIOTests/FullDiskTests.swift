import Foundation
import TestSupport
import Testing
import TransferProtocol

@testable import TransferIO

/// Transfers to a disk of 4 MiB.
@Suite(.smallDisk) struct FullDiskTests {
    @Test func tooLargeIsRefusedBeforehand() throws {
        let disk = try SmallDisk(megabytes: 4)
        let offer = FileOffer(name: "movie.mp4", size: 5 << 20)
        let name = try #require(SafeName("movie.mp4"))
        #expect {
            try DestinationFile(in: ReceiveFolder(path: disk.path), name: name, offer: offer, senderKey: DestinationFileTests.key)
        } throws: {
            guard case DestinationError.noSpace(5_242_880, let free) = $0 else { return false }
            return free <= 4 << 20
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: disk.path) == [])
    }

    @Test func aFullDiskPausesAndGoesOn() throws {
        let disk = try SmallDisk(megabytes: 4)
        let bytes = [UInt8](repeating: 3, count: 3 << 20)
        let offer = FileOffer(name: "movie.mp4", size: UInt64(bytes.count))
        let destination = try DestinationFile(
            in: ReceiveFolder(path: disk.path), name: try #require(SafeName("movie.mp4")), offer: offer,
            senderKey: DestinationFileTests.key)
        // Somebody else uses up the room after the check.
        try Data(count: 2 << 20).write(to: URL(fileURLWithPath: disk.path + "/other"))
        var offset = 0
        var pauses = 0
        while offset < bytes.count {
            do {
                try DestinationFileTests.write(bytes, offset..<offset + 65_536, to: destination)
                offset += 65_536
            } catch is DestinationFull {
                pauses += 1
                try #require(pauses == 1)
                try FileManager.default.removeItem(atPath: disk.path + "/other")
            }
        }
        #expect(pauses == 1)
        try destination.finish(size: UInt64(bytes.count))
        #expect(Array(try Data(contentsOf: URL(fileURLWithPath: disk.path + "/movie.mp4"))) == bytes)
    }
}
