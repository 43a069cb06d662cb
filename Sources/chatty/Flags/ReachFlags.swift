/// Options about how this machine is reached, which several commands have.
enum ReachFlags {
    static let mapPort = Flag<MapPort>.choice(
        "map-port", "WHEN", default: .on, "Whether the router is asked to pass the port on",
        manual: """
            `on` asks this machine's router, by PCP, NAT-PMP or UPnP, to pass on what comes to the UDP port from outside, so that others reach this \
            machine behind it. The router gives the port for an hour; the program renews that, and gives the port back when it exits. A router is asked \
            only if this machine has a private address behind it, and its answer is waited for a quarter of a second at most. `send-file` asks only if the \
            receiver has a public address: it helps if the receiver moves to another network. `off` does not ask. If your router does not know these \
            protocols, you can open the port by hand: forward a UDP port of the router to this machine in the router's settings, and give the router's \
            address to `chatty connect` or `chatty recv-file` with `--announce`.
            """)

    enum MapPort: String, CaseIterable, FlagDecodable {
        case on
        case off
    }
}
