import TransferProtocol

/// The options of `chatty serve`.
enum ServeFlags {
    static let port = Positional<Int>.optional(
        "PORT", .port(zeroIsAnyFree: true), default: 6697, "6697",
        manual: "The TCP port, on IPv4 and IPv6; 0 takes any free one and says which. 6697 is the port of IRC over TLS.")
    static let attempts = Positional<Int?>.optional(
        "MAX_ATTEMPTS", .number(1...1000), manual: "The same as `--max-attempts`.")

    static let credentials = Flag<ByteString?>.optional(
        "credentials", "FILE", .file, "Accounts to add: a name and a password a line",
        manual: """
            Adds an account for each `name password` line whose name has none yet. The file is only read. \
            A bad line is reported with its number and the rest is taken.
            """)
    static let data = Flag<ByteString?>.optional(
        "data", short: "d", "DIR", .directory, "The data folder",
        manual: """
            The folder that holds accounts, messages and the server's TLS identity; it is made if there is none. One server can use it at \
            a time. See FILES for the default.
            """)
    static let maxAttempts = Flag<Int>.value(
        "max-attempts", "N", .number(1...1000), default: 3, "3", "Block a name after N wrong passwords in a row",
        manual: "After this many wrong passwords in a row the name is blocked, for every address and every kind of client.")
    static let blockSeconds = Flag<Int>.value(
        "block-seconds", "N", .number(1...86400), default: 10, "10", "How long a name stays blocked",
        manual: "For how many seconds a name is blocked. A restart of the server does not end the block.")
    static let concealUsernames = Flag.switch(
        "conceal-usernames", "Ask for a password for unknown names too",
        manual: """
            Asks for a password and takes the same time whether or not a name has an account, so that names cannot be found out by trying. \
            For servers open to strangers. A row of wrong passwords then ends after a day without one, for names with and without an account alike.
            """)
    static let noOfflineMessages = Flag.switch(
        "no-offline-messages", "Refuse messages to users who are away",
        manual: "Refuses a direct message to an account that is not active, instead of keeping it for its next log-in.")
    static let allowPlaintext = Flag.switch(
        "allow-plaintext", "Accept unencrypted connections from any address",
        manual:
            "Accepts connections without TLS from any address, not only from this machine. Anybody on the network can then read passwords.")
    static let loginTimeout = Flag<Duration>.value(
        "login-timeout", "TIME", .duration(.seconds(1)...Duration.seconds(3600)), default: .seconds(60), "60s",
        "Disconnect clients not logged in within this time",
        manual: "Disconnects a client that has not logged in within this time.")
    static let messageRate = Flag<Int>.value(
        "message-rate", "N/s", .eventRate, default: 20, "20/s", "Messages a session may send, 0: no limit",
        manual: """
            How many messages a second a session may send on average, counted as 1600 bytes each; short bursts may be faster. What comes faster \
            waits for its turn, in its order: the server reads no more of that session until then. The same limit holds before the log-in; a \
            client that exceeds it there, or sends a line without end, is disconnected. 0 is no limit.
            """)
    /// Of lines from a session, for each of ``messageRate``.
    static let bytesPerMessage = 1600
    static let maxConnections = Flag<Int>.value(
        "max-connections-per-address", "N", .number(0...100_000), default: 64, "64", "Connections from one address, 0: no limit",
        manual: "How many connections one address may hold at a time; 0 is no limit. This machine's own connections are not counted.")
    static let logFormat = Flag<LogFormat>.choice(
        "log-format", "FORMAT", default: .text, "How events are logged on stdout",
        manual: """
            `text` is one plain line an event; `json` the same events as one JSON object a line, with the time. Log-ins that are refused because too many failed \
            from their address are one line a minute and address.
            """)
    static let logTime = Flag.switch(
        "log-time", "Begin each text line with the time",
        manual: """
            Begins each line of `--log-format text` with the time in UTC, such as 2026-01-31T12:34:56Z. Off by default: journald and its like add their own.
            """)
    static let metrics = Flag<String?>.optional(
        "metrics", "ADDRESS:PORT", .text, "Serve metrics over HTTP there",
        manual: """
            Serves `/metrics` for Prometheus and `/healthz`, which answers 200 where the store works and 503 where it does not, over HTTP at this \
            numeric address and TCP port. Whoever can reach it can read it: 127.0.0.1 is for this machine alone.
            """)
    static let keepDays = Flag<Int?>.optional(
        "keep-days", "N", .number(1...36500), "Delete messages older than N days",
        manual: """
            Deletes messages that are older than this many days, even if somebody has not seen them yet. Without it all are kept. The space is \
            reused for new messages. If the clock jumps forward by hours, deletion waits for an hour, and the server says so on stderr.
            """)
    static let motd = Flag<ByteString?>.optional(
        "motd", "FILE", .file, "A text shown to everybody who logs in",
        manual: """
            A text of at most 200 lines of 400 bytes that everybody who logs in is shown, as IRC's message of the day; `chatty connect` shows it on a \
            terminal, and with `--json` as the event `motd`.
            """)
    static let grace = Flag<Duration>.value(
        "grace", "TIME", .duration(.zero...Duration.seconds(3600)), default: .seconds(5), "5s",
        "How long a stop waits for clients to leave",
        manual: "After SIGTERM or SIGINT the server stops accepting, tells its clients and ends within this time, with status 0.")
    static let tlsCertificate = Flag<ByteString?>.optional(
        "tls-cert", "FILE", .file, "A certificate chain (PEM) to use",
        manual: """
            A certificate with its chain, in PEM, instead of the server's self-signed one. Needs `--tls-key`. The server warns on \
            stderr when it expires within 14 days, at its start, at a reload and then once a day.
            """)
    static let tlsKey = Flag<ByteString?>.optional(
        "tls-key", "FILE", .file, "The private key (PEM) of --tls-cert",
        manual: "The private key of `--tls-cert`, in PEM.")
    enum LogFormat: String, CaseIterable, FlagDecodable {
        case text
        case json
    }

    static let spec = CommandSpec(
        name: "serve",
        summary: "run the chat server",
        positionals: [port.spec, attempts.spec],
        flags: [
            credentials.spec, data.spec, maxAttempts.spec, blockSeconds.spec, concealUsernames.spec, noOfflineMessages.spec,
            allowPlaintext.spec, loginTimeout.spec, messageRate.spec, maxConnections.spec, logFormat.spec, logTime.spec, metrics.spec,
            keepDays.spec, motd.spec, grace.spec, tlsCertificate.spec, tlsKey.spec,
        ],
        description: [
            """
            Runs the chat server in the foreground until SIGTERM or SIGINT. It needs no configuration: at the first start it makes its data \
            folder, a TLS key and a certificate, whose fingerprint it prints.
            """,
            """
            One port serves three kinds of clients, which it tells apart by their first bytes: TLS clients, IRC clients (`chatty connect` is one), and \
            clients that stay silent, such as `nc`, which are asked for a name and a password in plain text. Without TLS it accepts connections \
            from this machine (loopback) only, unless `--allow-plaintext` is given.
            """,
            """
            Every command that a user gives is one line on stdout: its name and its outcome, never what it carried. A log-in that fails is one, too, \
            with the address it came from; chatty-chat(7) has its form, for fail2ban.
            """,
            """
            What the server has acknowledged is on disk. Messages to accounts that are not active are kept and delivered at their next log-in.
            Groups and their members are kept. When its last member leaves, a group is gone: its name is free, and nobody can read its messages.
            """,
            """
            When the disk is full or cannot be written, the server refuses messages and changes with an error, and says so on stderr; everybody \
            stays connected and can read, and it works again by itself once the disk does. Besides the database there is its write-ahead log, \
            up to 32 MiB, or less when space is short.
            """,
            """
            SIGHUP makes it reload the certificate, the message of the day and the credentials file without disconnecting anybody. If one of them cannot be \
            used, it says so and nothing changes. A server that was started on a terminal ends when the terminal is closed, as after SIGTERM; \
            if it was started with nohup(1) or setsid(1), or by a service manager, it keeps running.
            """,
        ],
        environment: [
            .init(name: "NOTIFY_SOCKET", text: "Where a service manager wants to be told how the server does; systemd sets it."),
            .init(name: "STATE_DIRECTORY", text: "The data folder where `--data` is not given; systemd sets it."),
            .init(name: "XDG_DATA_HOME", text: "The data folder is `$XDG_DATA_HOME/chatty` where neither of these is given."),
        ],
        files: [
            .init(name: "~/.local/share/chatty", text: "The default data folder. Back up this folder, and you have everything.")
        ],
        examples: [
            .init(
                text: "A server with the accounts of a file, on port 12345, that blocks a name after 3 wrong passwords:",
                line: "chatty serve 12345 3 --credentials credentials.txt"),
            .init(
                text: "With a certificate of a public authority:",
                line: "chatty serve --tls-cert fullchain.pem --tls-key privkey.pem"),
            .init(
                text: "With figures for Prometheus, and whether all is well for `curl -f http://127.0.0.1:9697/healthz`:",
                line: "chatty serve --metrics 127.0.0.1:9697"),
        ],
        listings: [
            .init(
                title: "SYSTEMD",
                text: [
                    """
                    Under systemd the server says itself when it listens, when it reads its settings again and when it stops (sd_notify(3)), and keeps \
                    its data in the folder that `StateDirectory=` makes. As `/etc/systemd/system/chatty.service`:
                    """
                ],
                lines: unit)
        ],
        seeAlso: ["chatty-connect(1)", "chatty-users(1)", "chatty-chat(7)"])

    /// The unit that README and manual show.
    static let unit = [
        "[Unit]",
        "Description=chatty",
        "After=network-online.target",
        "Wants=network-online.target",
        "",
        "[Service]",
        "Type=notify",
        "ExecStart=/usr/bin/chatty serve --metrics 127.0.0.1:9697",
        "ExecReload=kill -HUP $MAINPID",
        "DynamicUser=yes",
        "StateDirectory=chatty",
        "StateDirectoryMode=0700",
        "Restart=on-failure",
        "LimitNOFILE=1048576",
        "UMask=0077",
        "CapabilityBoundingSet=",
        "LockPersonality=yes",
        "MemoryDenyWriteExecute=yes",
        "PrivateDevices=yes",
        "PrivateUsers=yes",
        "ProcSubset=pid",
        "ProtectClock=yes",
        "ProtectControlGroups=yes",
        "ProtectHome=yes",
        "ProtectHostname=yes",
        "ProtectKernelLogs=yes",
        "ProtectKernelModules=yes",
        "ProtectKernelTunables=yes",
        "ProtectProc=invisible",
        "RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX",
        "RestrictNamespaces=yes",
        "RestrictRealtime=yes",
        "SystemCallArchitectures=native",
        "SystemCallErrorNumber=EPERM",
        "SystemCallFilter=@system-service",
        "SystemCallFilter=~@privileged @resources",
        "",
        "[Install]",
        "WantedBy=multi-user.target",
    ]

    /// The number of wrong passwords in force: the option and the positional argument are two names of one thing.
    static func attemptsInForce(_ arguments: Arguments) throws(UsageError) -> Int {
        guard let positional = arguments[attempts] else { return arguments[maxAttempts] }
        guard !arguments.has(maxAttempts) || arguments[maxAttempts] == positional else {
            throw UsageError("MAX_ATTEMPTS is \(positional) and --max-attempts is \(arguments[maxAttempts]): give one.", command: spec.name)
        }
        return positional
    }
}
