/// Generates the manual pages in mdoc(7) from the table.
enum ManualPage {
    /// The page of a subcommand, such as `man/chatty-serve.1`.
    static func of(_ spec: CommandSpec) -> String {
        var page = Page(title: "CHATTY-\(spec.name.uppercased())", name: "chatty-\(spec.name)", summary: spec.summary)
        page.section("SYNOPSIS")
        synopsis(spec, &page)
        page.section("DESCRIPTION")
        page.paragraphs(spec.description)
        if !spec.actions.isEmpty { actions(spec, &page) }
        if !spec.positionals.isEmpty {
            page.add(".Pp", "The arguments are:")
            page.list(spec.positionals.map { (item: "Ar \($0.name)", text: manual($0)) })
        }
        page.section("OPTIONS")
        page.paragraphs([
            """
            Options and arguments may come in any order; `--` ends the options. Write a value as the next word or after `=`; write an optional value \
            after `=` only. Switches of one letter can be combined. If an option is given twice, the last one counts.
            """
        ])
        page.list(spec.allFlags.map { (item: item($0), text: manual($0)) })
        page.entries("COMMANDS", spec.commands, macro: "Ic")
        page.entries("EVENTS", spec.events, macro: "Cm")
        if !spec.eventFields.isEmpty {
            page.add(".Pp", "The fields are:")
            page.list(spec.eventFields.map { (item: "Va \(Roff.literal($0.name))", text: $0.text) })
        }
        page.entries("ENVIRONMENT", spec.environment, macro: "Ev")
        page.entries("FILES", spec.files, macro: "Pa")
        page.exitStatus()
        page.section("EXAMPLES")
        for example in spec.examples { page.example(example) }
        for listing in spec.listings { page.listing(listing) }
        page.seeAlso(["chatty(1)"] + spec.seeAlso)
        return page.text
    }

    /// The page `man/chatty.1`.
    static func overview(_ specs: [CommandSpec]) -> String {
        var page = Page(title: "CHATTY", name: "chatty", summary: Product.summary)
        page.section("SYNOPSIS")
        page.add(".Nm", ".Ar COMMAND", ".Op Ar OPTION ...", ".Op Ar ARGUMENT ...")
        page.section("DESCRIPTION")
        page.paragraphs(Overview.description)
        page.add(".Pp", "The commands are:")
        page.list(
            specs.map { (item: "Nm chatty \($0.name)", text: HelpText.capitalized($0.summary) + ".") }
                + [(item: "Nm chatty \(Overview.helpWord) Op Ar COMMAND", text: "Show the short help, or the help of a command.")])
        page.section("OPTIONS")
        page.list(Overview.flags.map { (item: item($0), text: manual($0)) })
        page.entries("ENVIRONMENT", Overview.environment, macro: "Ev")
        page.entries("FILES", Overview.files, macro: "Pa")
        page.exitStatus()
        page.section("EXAMPLES")
        for example in Overview.examples { page.example(example) }
        page.changes(Changes.all)
        page.seeAlso(specs.map { "chatty-\($0.name)(1)" } + ["chatty-chat(7)", "chatty-transfer(7)"])
        return page.text
    }

    private static func synopsis(_ spec: CommandSpec, _ page: inout Page) {
        guard !spec.actions.isEmpty else {
            page.add(".Nm chatty \(spec.name)", ".Op Ar OPTION ...")
            for positional in spec.positionals { page.add(macro(positional)) }
            return
        }
        for action in spec.actions {
            page.add(".Nm chatty \(spec.name)", action.isDefault ? ".Op Cm \(action.name)" : ".Cm \(action.name)", ".Op Ar OPTION ...")
            for positional in action.positionals { page.add(macro(positional)) }
        }
    }

    private static func actions(_ spec: CommandSpec, _ page: inout Page) {
        page.add(".Pp", "The first argument says what to do:")
        page.list(
            spec.actions.map { action in
                let arguments = action.positionals.map { " Ar \($0.name)" + ($0.arity == .oneOrMore ? " ..." : "") }.joined()
                return (item: "Cm \(action.name)\(arguments)", text: action.manual + (action.isDefault ? " This is the default." : ""))
            })
    }

    private static func macro(_ positional: PositionalSpec) -> String {
        switch positional.arity {
        case .required: ".Ar \(positional.name)"
        case .optional: ".Op Ar \(positional.name)"
        case .oneOrMore: ".Ar \(positional.name) ..."
        }
    }

    private static func item(_ flag: FlagSpec) -> String {
        var item = (flag.short.map { "Fl \($0) , " } ?? "") + "Fl -\(flag.name)"
        if let value = flag.value { item += value.isOptional ? " Oo Ns = Ns Ar \(value.name) Oc" : " Ar \(value.name)" }
        return item
    }

    private static func manual(_ positional: PositionalSpec) -> String {
        positional.manual + (positional.defaultText.map { " The default is `\($0)`." } ?? "")
    }

    private static func manual(_ flag: FlagSpec) -> String {
        var text = flag.manual
        if let actions = flag.actions { text += " Works with \(actions.map { "`\($0)`" }.joined(separator: " and "))." }
        if flag.isRepeatable { text += " May be given several times." }
        if let value = flag.defaultText { text += " The default is `\(value)`" + (value == "." ? " (the working folder)." : ".") }
        if !flag.aliases.isEmpty { text += " Also: \(flag.aliases.map { "`--\($0)`" }.joined(separator: ", "))." }
        return text
    }
}
