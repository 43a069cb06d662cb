/// An mdoc(7) page, written line by line.
struct Page {
    private var lines: [String]

    init(title: String, name: String, summary: String) {
        lines = [
            ".\\\" Made from the table of flags; see GeneratedFilesTests.", ".Dd \(Product.date)", ".Dt \(title) 1", ".Os", ".Sh NAME",
            ".Nm \(name)", ".Nd \(summary)",
        ]
    }

    var text: String { lines.joined(separator: "\n") + "\n" }

    mutating func add(_ more: String...) { lines += more }

    mutating func section(_ name: String) { lines.append(".Sh \(name)") }

    mutating func paragraphs(_ paragraphs: [String]) {
        for (index, paragraph) in paragraphs.enumerated() {
            if index > 0 { lines.append(".Pp") }
            lines.append(Roff.text(paragraph))
        }
    }

    /// - Parameter rows: the item of each row, as macros, and its text.
    mutating func list(_ rows: [(item: String, text: String)]) {
        lines.append(".Bl -tag -width Ds")
        for row in rows { lines += [".It \(row.item)", Roff.text(row.text)] }
        lines.append(".El")
    }

    mutating func entries(_ name: String, _ entries: [CommandSpec.Entry], macro: String) {
        guard !entries.isEmpty else { return }
        section(name)
        list(entries.map { (item: "\(macro) \(Roff.literal($0.name))", text: $0.text) })
    }

    mutating func exitStatus() {
        section("EXIT STATUS")
        lines.append("All commands of chatty have these exit statuses:")
        list(ExitStatus.allCases.map { (item: "\($0.rawValue)", text: $0.meaning) })
    }

    mutating func example(_ example: CommandSpec.Example) {
        lines += [Roff.text(example.text), ".Bd -literal -offset indent", Roff.protect(Roff.literal(example.line)), ".Ed", ".Pp"]
    }

    mutating func listing(_ listing: CommandSpec.Listing) {
        if lines.last == ".Pp" { lines.removeLast() }
        section(listing.title)
        paragraphs(listing.text)
        lines.append(".Bd -literal -offset indent")
        lines += listing.lines.map { Roff.protect(Roff.literal($0)) }
        lines += [".Ed", ".Pp"]
    }

    /// - Parameter versions: all versions, the newest first.
    mutating func changes(_ versions: [Changes.Version]) {
        if lines.last == ".Pp" { lines.removeLast() }
        section("CHANGES")
        lines.append(".Bl -tag -width Ds")
        for version in versions {
            lines += [".It \(version.number) (\(version.date))", ".Bl -bullet -compact"]
            for change in version.changes { lines += [".It", Roff.text(change)] }
            lines.append(".El")
        }
        lines.append(".El")
    }

    /// - Parameter pages: the pages, each as `name(section)`.
    mutating func seeAlso(_ pages: [String]) {
        if lines.last == ".Pp" { lines.removeLast() }
        section("SEE ALSO")
        // mdoc(7) demands the order by section and then by name.
        let sorted = pages.sorted { ($0.suffix(2), $0) < ($1.suffix(2), $1) }
        for (index, page) in sorted.enumerated() {
            let parts = page.split(separator: "(")
            let section = parts.last?.dropLast() ?? ""
            lines.append(".Xr \(parts[0]) \(section)" + (index < sorted.count - 1 ? " ," : ""))
        }
    }
}
