/// The input and output of a console: a terminal, or the standard streams of a script. Used on one thread.
protocol Screen: AnyObject {
    /// The descriptor to poll for input; nil while no input is wanted.
    /// - Parameter wantsLine: whether the console accepts a line now.
    func descriptor(wantsLine: Bool) -> Int32?
    /// Input that is available without reading.
    func ready(wantsLine: Bool) -> ConsoleInput?
    /// Reads the available input of the descriptor.
    func read() -> [ConsoleInput]
    /// Handles a signal that concerns the screen.
    func signalled(_ signal: Int32) -> [ConsoleInput]

    /// - Returns: false if the output is closed.
    func show(_ line: String) -> Bool
    func complain(_ text: String)
    func prompt(_ prompt: ConsolePrompt) -> Bool
    func bell()
    func useHistory(account: String)
    /// Called after all effects of one input have been shown.
    func settle()
    /// Restores the state from before the program.
    func close()
}
