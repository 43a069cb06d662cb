/// Where a console shows and asks: a terminal, or the standard streams of a script. Used on one thread.
protocol Screen: AnyObject {
    /// What to poll for input; nil while none is wanted.
    /// - Parameter wantsLine: whether the console can take one now.
    func descriptor(wantsLine: Bool) -> Int32?
    /// Input that is here without reading.
    func ready(wantsLine: Bool) -> ConsoleInput?
    /// Reads what the descriptor has.
    func read() -> [ConsoleInput]
    /// A signal came that the screen is concerned with.
    func signalled(_ signal: Int32) -> [ConsoleInput]

    /// - Returns: false where nobody reads any more.
    func show(_ line: String) -> Bool
    func complain(_ text: String)
    func prompt(_ prompt: ConsolePrompt) -> Bool
    func bell()
    func useHistory(account: String)
    /// All that was to be shown now has been.
    func settle()
    /// Puts everything back as it was.
    func close()
}
