import TransferProtocol

/// The paths that a receiver gives to files, if they differ from the offered ones.
struct ReceiverPaths {
    private struct Place {
        let file: FileID
        let offered: ByteString
        let isFolder: Bool
        let path: String
    }

    private var places: [Place] = []
    private var paths: [FileID: String] = [:]

    mutating func record(_ file: FileID, _ offer: FileOffer, path: String) {
        paths[file] = path
        places.append(Place(file: file, offered: ByteString(offer.name), isFolder: offer.kind == .directory, path: path))
    }

    /// The lines for people, at the end of the transfer: a file may be in its place before its folder is. A path that follows from that of
    /// its folder is not listed.
    mutating func lines() -> [String] {
        defer { places = [] }
        var folders: [ByteString: ByteString] = [:]
        // A folder is offered before its contents.
        return places.sorted { $0.file < $1.file }.compactMap { place in
            let (folder, name) = place.offered.splitAtLast("/")
            let expected = folder.flatMap { folders[$0] }.map { $0 + "/" + name }
            let path = ByteString(place.path)
            if place.isFolder { folders[place.offered] = path }
            if path == expected ?? place.offered { return nil }
            return "The receiver stores \(Printable.text(place.offered.description)) as \(Printable.text(place.path))."
        }
    }

    /// The path of a file that is done, if it differs from the offered one.
    mutating func path(of file: FileID) -> String? { paths.removeValue(forKey: file) }
}
