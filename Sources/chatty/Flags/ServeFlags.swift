import TransferProtocol

/// The options of `chatty serve`.
enum ServeFlags {
    static let port = Positional<Int>.optional(
        "PORT", .port(zeroIsAnyFree: true), default: 6697, "6697",
        manual: """
            The TCP port, on IPv4 and IPv6; 0 chooses a free port and prints it. 6697 is the port of IRC over TLS. On the UDP port of the same number the \
            server tells clients at which address it sees them, so that two behind routers find a path for a file, and relays the file if there is none.
            """)
    static let attempts = Positional<Int?>.optional(
        "MAX_ATTEMPTS", .number(1...1000), manual: "The same as `--max-attempts`.")

    static let credentials = Flag<ByteString?>.optional(
        "credentials", "FILE", .file, "Accounts to add: a name and a password a line",
        manual: """
            Adds an account for each `name password` line whose name has no account yet. The server does not change the file. \
            It reports a bad line with its number, and adds the other accounts.
            """)
    static let data = Flag<ByteString?>.optional(
        "data", short: "d", "DIR", .directory, "The data folder",
        manual: """
            The folder with accounts, messages and the server's TLS certificate and key. The server makes the folder if it does not exist. \
            Only one server can use it at a time. See FILES for the default.
            """)
    static let maxAttempts = Flag<Int>.value(
        "max-attempts", "N", .number(1...1000), default: 3, "3", "Block a name after N wrong passwords in a row",
        manual: "After this many wrong passwords in a row the server blocks the name, for every address and every kind of client.")
    static let blockSeconds = Flag<Int>.value(
        "block-seconds", "N", .number(1...86400), default: 10, "10", "How long a name stays blocked",
        manual: "How many seconds a name stays blocked. A restart of the server does not end the block.")
    static let concealUsernames = Flag.switch(
        "conceal-usernames", "Ask for a password for unknown names too",
        manual: """
            Asks for a password, and needs the same time for the answer, whether or not a name has an account, so that nobody can find out names by \
            trying. For servers that strangers can reach. The count of wrong passwords is then reset after a day without a wrong password, for names \
            with and without an account.
            """)
    static let noOfflineMessages = Flag.switch(
        "no-offline-messages", "Refuse messages to users who are not logged in",
        manual: "Refuses a direct message to an account that is not active, instead of delivering it at the account's next log-in.")
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
            How many messages a second a session may send on average, and 1600 bytes for each; short bursts may be faster. If a session sends more, \
            the server pauses reading from it, so its messages arrive later but in order. The same limit applies before the log-in; there the \
            server disconnects a client that exceeds it or sends a line without an end. 0 means no limit.
            """)
    /// Bytes of input that a session may send for each message of ``messageRate``.
    static let bytesPerMessage = 1600
    static let maxConnections = Flag<Int>.value(
        "max-connections-per-address", "N", .number(0...100_000), default: 64, "64", "Connections from one address, 0: no limit",
        manual: "How many connections one address may have at a time; 0 means no limit. Connections from this machine are not counted.")
    static let logFormat = Flag<LogFormat>.choice(
        "log-format", "FORMAT", default: .text, "How events are logged on stdout",
        manual: """
            `text` writes one plain line for each event; `json` writes one JSON object for each, with the time. If too many log-ins from an address \
            have failed, further log-ins from it are refused, with one line a minute for each address.
            """)
    static let logTime = Flag.switch(
        "log-time", "Begin each text line with the time",
        manual: """
            Begins each line of `--log-format text` with the time in UTC, such as 2026-01-31T12:34:56Z. Off by default, because journald and similar programs add the time themselves.
            """)
    static let metrics = Flag<String?>.optional(
        "metrics", "ADDRESS:PORT", .text, "Serve metrics over HTTP there",
        manual: """
            Serves `/metrics` for Prometheus and `/healthz` over HTTP at this numeric address and TCP port. `/healthz` answers 200 if the database \
            works, else 503. Everybody who can reach the port can read both; with 127.0.0.1 only this machine can.
            """)
    static let keepDays = Flag<Int?>.optional(
        "keep-days", "N", .number(1...36500), "Delete messages older than N days",
        manual: """
            Deletes messages that are older than this many days, even if somebody has not seen them yet. Without this option the server stores messages \
            forever. The space is reused for new messages. If the clock jumps forward by hours, deletion waits for an hour, and the server says so on stderr.
            """)
    static let motd = Flag<ByteString?>.optional(
        "motd", "FILE", .file, "A text shown to everybody who logs in",
        manual: """
            A text of at most 200 lines of 400 bytes. The server shows it to everybody who logs in, as IRC's message of the day; `chatty connect` shows \
            it on a terminal, and with `--json` prints it as the event `motd`.
            """)
    static let relay = Flag<Int>.value(
        "relay", "RATE", .byteRateOrOff, default: 2_000_000, "16Mbit", "Relay files without a direct path, or off",
        manual: """
            What the server passes on of a file for which the two sides find no direct path: at most this rate for each transfer, in bytes a second \
            such as 2M or bits such as 16Mbit, both directions together. The server cannot read what it relays. `off` relays nothing. At most 64 \
            transfers are relayed at a time.
            """)
    static let relayTotal = Flag<Int?>.optional(
        "relay-total", "RATE", .byteRate, "The rate of all relayed transfers together",
        manual: "The rate that all relayed transfers have together; without this option only each has its own.")
    static let relayPerAccount = Flag<Int>.value(
        "relay-per-account", "N", .number(1...64), default: 8, "8", "Transfers of an account that are relayed at a time",
        manual: "How many of the transfers that one account has offered are relayed at a time.")
    static let grace = Flag<Duration>.value(
        "grace", "TIME", .duration(.zero...Duration.seconds(3600)), default: .seconds(5), "5s",
        "How long a stop waits for clients to leave",
        manual:
            "After SIGTERM or SIGINT the server accepts no more connections, informs its clients and exits within this time, with status 0."
    )
    static let tlsCertificate = Flag<ByteString?>.optional(
        "tls-cert", "FILE", .file, "A certificate chain (PEM) to use",
        manual: """
            A certificate with its chain, in PEM, instead of the server's self-signed one. Needs `--tls-key`. If the certificate expires within \
            14 days, the server warns on stderr when it starts, at a reload and then once a day.
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
            keepDays.spec, motd.spec, relay.spec, relayTotal.spec, relayPerAccount.spec, grace.spec, tlsCertificate.spec, tlsKey.spec,
        ],
        seldom: [logTime.spec.name, relayTotal.spec.name, relayPerAccount.spec.name, grace.spec.name],
        description: [
            """
            Runs the chat server in the foreground until SIGTERM or SIGINT. It needs no configuration: at the first start it makes its data \
            folder, a TLS key and a certificate. It prints the fingerprint of the certificate.
            """,
            """
            One port serves three kinds of clients: TLS clients, IRC clients (`chatty connect` is one), and clients that send nothing at first, such as \
            `nc`, which the server asks for a name and a password in plain text. The server recognises them by their first bytes. Without TLS it \
            accepts connections from this machine (loopback) only, unless `--allow-plaintext` is given.
            """,
            """
            The server logs every command of a user on stdout: its name and its outcome, never its contents. It also logs failed log-ins, with the \
            address of the client. chatty-chat(7) describes these lines, and has a filter for fail2ban.
            """,
            """
            What the server has acknowledged is on the disk. It stores messages to accounts that are not active and delivers them at the next log-in.
            It stores groups and their members, too. When its last member leaves, a group is gone: its name is free, and nobody can read its messages.
            """,
            """
            If the disk is full or cannot be written, the server refuses messages and changes with an error, and says so on stderr. Users stay \
            connected and can read. The server recovers by itself when the disk works again. The database has a write-ahead log beside it, \
            of up to 32 MiB, or less if space is short.
            """,
            """
            At SIGHUP the server reloads the certificate, the message of the day and the credentials file without disconnecting anybody. If one of them \
            cannot be used, the server says so and changes nothing. A server that was started on a terminal stops when the terminal is closed, as after \
            SIGTERM; if it was started with nohup(1) or setsid(1), or by a service manager, it continues to run.
            """,
        ],
        environment: [
            .init(name: "NOTIFY_SOCKET", text: "The socket on which the server reports its state to the service manager; systemd sets it."),
            .init(name: "STATE_DIRECTORY", text: "The data folder, if `--data` is not given; systemd sets it."),
            .init(
                name: "XDG_DATA_HOME",
                text: "The data folder is `$XDG_DATA_HOME/chatty`, if neither `--data` nor `STATE_DIRECTORY` is given."),
        ],
        files: [
            .init(name: "~/.local/share/chatty", text: "The default data folder. A back-up of this folder has everything.")
        ],
        examples: [
            .init(
                text: "Start a server on port 12345 with the accounts in a file; it blocks a name after 3 wrong passwords:",
                line: "chatty serve 12345 3 --credentials credentials.txt"),
            .init(
                text: "Use a certificate of a public authority:",
                line: "chatty serve --tls-cert fullchain.pem --tls-key privkey.pem"),
            .init(
                text: "Serve metrics for Prometheus, and a health check for `curl -f http://127.0.0.1:9697/healthz`:",
                line: "chatty serve --metrics 127.0.0.1:9697"),
        ],
        listings: [
            .init(
                title: "SYSTEMD",
                text: [
                    """
                    Under systemd the server reports when it listens, reloads and stops (sd_notify(3)). Its data is in the folder that \
                    `StateDirectory=` makes. This is `/etc/systemd/system/chatty.service`:
                    """
                ],
                lines: unit)
        ],
        seeAlso: ["chatty-connect(1)", "chatty-users(1)", "chatty-chat(7)"])

    /// The systemd unit that README and manual show.
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

    /// The limit of wrong passwords: the option and the positional argument are two names of it.
    static func attemptsInForce(_ arguments: Arguments) throws(UsageError) -> Int {
        guard let positional = arguments[attempts] else { return arguments[maxAttempts] }
        guard !arguments.has(maxAttempts) || arguments[maxAttempts] == positional else {
            throw UsageError(
                "MAX_ATTEMPTS is \(positional) and --max-attempts is \(arguments[maxAttempts]): give only one of them.", command: spec.name)
        }
        return positional
    }
}
