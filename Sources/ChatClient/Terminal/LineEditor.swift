@preconcurrency import CReadline
@preconcurrency import Glibc

/// The line editor: readline through its callback interface. The library has one state for the process, so there is one editor, used on one
/// thread.
final class LineEditor {
    /// Receives a line that was typed; nil at the end of the input.
    typealias Accept = (String?) -> Void
    typealias Complete = (_ word: String, _ before: String) -> Completion

    /// The editor for readline's callbacks, which carry no context. Only the terminal's thread uses it.
    nonisolated(unsafe) private static weak var current: LineEditor?

    private let accept: Accept
    private let complete: Complete
    private(set) var isAsking = false
    private var isHidden = false
    private var shown = ""
    /// The window width, in columns, for which the terminal's contents were drawn.
    private var columns = LineEditor.windowColumns
    private let reflows: Bool

    /// - Parameter reflows: see ``ReflowingTerminal``.
    init(reflows: Bool, accept: @escaping Accept, complete: @escaping Complete) {
        self.accept = accept
        self.complete = complete
        self.reflows = reflows
        LineEditor.current = self
        LineEditor.useUTF8()
        rl_readline_name = UnsafePointer(strdup("chatty"))
        // The main loop receives the signals.
        rl_catch_signals = 0
        rl_catch_sigwinch = 0
        rl_change_environment = 0
        // readline must not block on a question of its own.
        rl_completion_query_items = -1
        rl_initialize()
        rl_variable_bind("page-completions", "off")
        rl_sort_completion_matches = 0
        rl_completer_word_break_characters = UnsafePointer(strdup(" \t"))
        // A backslash before a space makes the space a part of the word. readline only asks for this if there are quote characters, so one
        // that nobody types is set.
        rl_completer_quote_characters = UnsafePointer(strdup("\u{1}"))
        rl_char_is_quoted_p = { line, index in
            guard let line else { return 0 }
            var backslashes = 0
            while Int(index) - backslashes > 0, line[Int(index) - backslashes - 1] == CChar(UInt8(ascii: "\\")) { backslashes += 1 }
            return backslashes % 2 == 1 ? 1 : 0
        }
        rl_attempted_completion_function = { word, start, _ in LineEditor.matches(word, start) }
        rl_completion_display_matches_hook = { matches, count, longest in
            guard count <= LineEditor.listedMatches else {
                fputs("\n\(count) possibilities\n", rl_outstream)
                rl_forced_update_display()
                return
            }
            // A list of paths shows their last parts, which readline does only for what it takes for file names.
            let arePaths = LineEditor.current?.listsPaths ?? false
            rl_filename_completion_desired = arePaths ? 1 : 0
            // readline adds the slash of folders itself, if ~/.inputrc says so.
            if arePaths, let matches { for index in 1...Int(count) { LineEditor.dropSlash(matches[index]) } }
            rl_display_match_list(matches, count, longest)
            rl_filename_completion_desired = 0
            rl_forced_update_display()
        }
        // readline calls this before it looks up such a file name.
        rl_filename_stat_hook = { name in
            guard let name, let typed = name.pointee else { return 0 }
            name.pointee = strdup(HomeFolder.expand(EscapedPath.plain(String(cString: typed))))
            free(typed)
            return 1
        }
        rl_redisplay_function = { LineEditor.draw() }
        // Between prompts the terminal's echo is off. readline would take that for the user's setting.
        rl_prep_term_function = { meta in
            rl_prep_terminal(meta)
            rl_tty_set_echoing(1)
        }
    }

    private static func dropSlash(_ path: UnsafeMutablePointer<CChar>?) {
        guard let path else { return }
        let length = strlen(path)
        if length > 1, path[length - 1] == CChar(UInt8(ascii: "/")) { path[length - 1] = 0 }
    }

    /// Longer lists are not shown; their number is shown instead.
    private static let listedMatches: Int32 = 200
    private var listsPaths = false

    /// Makes readline decode its input as UTF-8 if the locale knows only single bytes.
    private static func useUTF8() {
        // readline sets the locale again when it is initialised, by the first of the variables that is set.
        if DisplayWidth.adoptLocale() { setenv("LC_ALL", "C.UTF-8", 1) }
    }

    /// Whether the user's settings request bracketed paste from the terminal.
    var bracketsPastes: Bool { rl_variable_value("enable-bracketed-paste").map { String(cString: $0) } == "on" }

    /// Inserts text before the text that is being typed and moves the cursor to its end.
    /// - Returns: false if nothing is being typed.
    func put(before text: String) -> Bool {
        guard isAsking, rl_end > 0, let line = rl_line_buffer else { return false }
        hide()
        rl_replace_line(text + String(cString: line), 0)
        rl_point = rl_end
        reveal()
        return true
    }

    /// Shows the prompt and accepts keys; text typed already stays.
    func ask(_ prompt: String) {
        if isAsking {
            guard prompt != shown else { return }
            hide()
            rl_set_prompt(prompt)
        } else {
            rl_callback_handler_install(prompt) { line in LineEditor.current?.finishLine(line) }
            isAsking = true
            isHidden = false
        }
        shown = prompt
    }

    /// Stops accepting keys and clears the prompt and the typed text.
    func stop() {
        guard isAsking else { return }
        hide()
        rl_callback_handler_remove()
        isAsking = false
        isHidden = false
    }

    private func finishLine(_ line: UnsafeMutablePointer<CChar>?) {
        // The next prompt is shown after the line has had its effect.
        rl_callback_handler_remove()
        isAsking = false
        guard let line else { return accept(nil) }
        let text = String(cString: line)
        free(line)
        accept(text)
    }

    /// Reads one key from the terminal.
    func readKey() {
        reveal()
        rl_callback_read_char()
    }

    /// Clears the rows of the prompt and the typed text, so that others can be written there.
    func hide() {
        guard isAsking, !isHidden else { return }
        if !clearAfterResize() { rl_clear_visible_line() }
        isHidden = true
    }

    /// Clears the rows after a change of the window's width, when they may differ from those that readline drew.
    /// - Returns: false if the width is the same as before, or the terminal cannot move the cursor up.
    private func clearAfterResize() -> Bool {
        let now = LineEditor.windowColumns
        guard now != columns, now > 0 else { return false }
        let before = columns
        defer { adoptWindow() }
        guard rl_get_termcap("up") != nil, let prompt = rl_display_prompt, let line = rl_line_buffer else { return false }
        let typed = String(decoding: UnsafeRawBufferPointer(start: line, count: Int(max(0, rl_point))), as: UTF8.self)
        let text = String(cString: prompt) + typed
        let rows =
            reflows
            ? ScreenRows.belowReflowed(text, from: before, to: now, isAtEnd: rl_point >= rl_end)
            : ScreenRows.below(text, columns: before)
        // ECMA-48: CUU, ED.
        fputs("\r" + (rows > 0 ? "\u{1B}[\(rows)A" : "") + "\u{1B}[J", rl_outstream)
        fflush(rl_outstream)
        return true
    }

    /// Makes readline draw for the current width of the window.
    private func adoptWindow() {
        columns = LineEditor.windowColumns
        rl_reset_screen_size()
        // readline computes where the prompt wraps when it is set. During a search another prompt replaces it, so it is left alone.
        if rl_readline_state & UInt(RL_STATE_ISEARCH | RL_STATE_NSEARCH) == 0 { rl_set_prompt(shown) }
    }

    private static var windowColumns: Int {
        var size = winsize()
        return ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0 ? Int(size.ws_col) : 0
    }

    /// With fewer columns readline miscounts its rows, so the typed text is shown only once the window is wider.
    private static let leastColumns = 4
    private static var isTooNarrow: Bool { (1..<leastColumns).contains(windowColumns) }
    private static func draw() { if !isTooNarrow { rl_redisplay() } }

    /// Shows the prompt and the typed text again, with the cursor where it was.
    func reveal() {
        guard isHidden, !LineEditor.isTooNarrow else { return }
        isHidden = false
        rl_on_new_line()
        rl_redisplay()
        fflush(rl_outstream)
    }

    /// Writes whole lines above the prompt.
    func write(_ text: String) {
        hide()
        fputs(text, rl_outstream)
        fflush(rl_outstream)
    }

    /// Discards the typed text, as Ctrl-C does.
    /// - Returns: whether there was any text.
    func clearLine() -> Bool {
        guard isAsking else { return false }
        reveal()
        let hadText = rl_end > 0
        let isOneLine = rl_line_buffer.map { strchr($0, 0x0A) == nil } ?? true
        rl_free_line_state()
        rl_callback_sigcleanup()
        if isOneLine {
            rl_point = rl_end
            LineEditor.draw()
        } else {
            // A paste may have more rows than the window, so only the prompt stays.
            hide()
            isHidden = false
            fputs(shown, rl_outstream)
        }
        rl_replace_line("", 1)
        fputs("^C\n", rl_outstream)
        rl_set_prompt(shown)
        rl_on_new_line()
        LineEditor.draw()
        fflush(rl_outstream)
        isHidden = LineEditor.isTooNarrow
        return hadText
    }

    func resize() {
        hide()
        adoptWindow()
        reveal()
    }

    /// Gives the terminal to the shell while `suspended` runs.
    func suspend(_ suspended: () -> Void) {
        guard isAsking else { return suspended() }
        hide()
        rl_deprep_terminal()
        suspended()
        rl_prep_term_function(1)
        adoptWindow()
        reveal()
    }

    /// Takes the terminal back after the process was stopped by a signal that it could not handle and another process used the terminal.
    func resume() {
        guard isAsking else { return }
        hide()
        rl_deprep_terminal()
        rl_prep_term_function(1)
        adoptWindow()
        reveal()
    }

    private static func matches(_ word: UnsafePointer<CChar>?, _ start: Int32) -> UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? {
        // readline must not add file names of its own.
        rl_attempted_completion_over = 1
        guard let current, let word, let line = rl_line_buffer else { return nil }
        let before = String(decoding: UnsafeRawBufferPointer(start: line, count: Int(start)), as: UTF8.self)
        let typed = String(cString: word)
        let completion = current.complete(typed, before)
        guard !completion.candidates.isEmpty else { return nil }
        current.listsPaths = completion.arePaths
        rl_completion_append_character = completion.appendsSpace ? 0x20 : 0
        let common = completion.candidates.count == 1 ? completion.candidates[0] : commonPrefix(completion.candidates)
        // If only the case differs, the typed text stays.
        let first = common.utf8.count >= typed.utf8.count ? common : typed
        let all = completion.candidates.count == 1 ? [first] : [first] + completion.candidates
        // readline frees the list and its strings.
        guard let list = calloc(all.count + 1, MemoryLayout<UnsafeMutablePointer<CChar>?>.stride) else { return nil }
        let pointers = list.bindMemory(to: UnsafeMutablePointer<CChar>?.self, capacity: all.count + 1)
        for (index, text) in all.enumerated() { pointers[index] = strdup(text) }
        return pointers
    }

    private static func commonPrefix(_ texts: [String]) -> String {
        texts.dropFirst().reduce(texts.first ?? "") { $0.commonPrefix(with: $1) }
    }
}

extension String {
    fileprivate func commonPrefix(with other: String) -> String {
        String(String.UnicodeScalarView(zip(unicodeScalars, other.unicodeScalars).prefix { $0 == $1 }.map(\.0)))
    }
}
