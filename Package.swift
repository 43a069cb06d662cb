// swift-tools-version: 6.1
import PackageDescription

// The house: imports point downward only, and every room is a target, so that a forbidden import does not build
// (`--explicit-target-dependency-import-check error`, which every documented build command passes).
//
//   floor 3   chatty
//   floor 2   ChatServer -> ChatStoreSQLite   ChatClient   TransferIO -> NetworkIO   -> SystemSupport   sockets, files, databases
//   floor 1   ChatCodec -> ChatHub -> ChatStore -> ChatProtocol   TransferProtocol -> Connectivity   pure: values in, values out
//   floor 0   CLinux   CReadline   CAEAD   CSPAKE2   CUPnP                  C shims

let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
let cryptoExtras: Target.Dependency = .product(name: "CryptoExtras", package: "swift-crypto")
let locks: Target.Dependency = .product(name: "NIOConcurrencyHelpers", package: "swift-nio")
let nio: [Target.Dependency] = [
    .product(name: "NIOCore", package: "swift-nio"),
    .product(name: "NIOPosix", package: "swift-nio"),
    .product(name: "NIOSSL", package: "swift-nio-ssl"),
]
let nioTLS: Target.Dependency = .product(name: "NIOTLS", package: "swift-nio")

// What one module has for another is compiled into it where that pays: a message and a packet go through several. A release build does
// not check at run time for overlapping accesses, which takes a tenth of a transfer's processor time and a twentieth of a server's;
// debug builds, and so the tests, do.
let releaseSettings: [SwiftSetting] = [
    .unsafeFlags(["-cross-module-optimization", "-enforce-exclusivity=unchecked"], .when(configuration: .release))
]

// The tests play hours of virtual time through the pure cores: those are optimised in debug builds, too, with all their checks.
let pureSettings: [SwiftSetting] = [.unsafeFlags(["-O", "-assert-config", "Debug"], .when(configuration: .debug))]

let package = Package(
    name: "chatty",
    products: [.executable(name: "chatty", targets: ["chatty"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio.git", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl.git", from: "2.37.6"),
        .package(url: "https://github.com/apple/swift-crypto.git", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-certificates.git", from: "1.21.1"),
        .package(url: "https://github.com/apple/swift-asn1.git", from: "1.7.4"),
        .package(url: "https://github.com/apple/swift-collections.git", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-log.git", from: "1.16.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle.git", from: "2.13.0"),
        .package(url: "https://github.com/groue/GRDB.swift.git", from: "7.10.0"),
    ],
    targets: [
        // floor 0
        .target(name: "CLinux"),
        .target(name: "CAEAD"),
        .target(name: "CUPnP", linkerSettings: [.linkedLibrary("miniupnpc")]),
        .target(name: "CSPAKE2"),
        .systemLibrary(name: "CReadline", providers: [.apt(["libreadline-dev"])]),

        // floor 1
        .target(name: "ChatProtocol", swiftSettings: releaseSettings + pureSettings),
        .target(
            name: "ChatStore",
            dependencies: ["ChatProtocol", .product(name: "DequeModule", package: "swift-collections")],
            swiftSettings: releaseSettings + pureSettings),
        .target(
            name: "ChatHub",
            dependencies: ["ChatStore", "ChatProtocol", .product(name: "DequeModule", package: "swift-collections")],
            swiftSettings: releaseSettings + pureSettings),
        .target(
            name: "ChatCodec",
            dependencies: ["ChatHub", "ChatStore", "ChatProtocol", .product(name: "DequeModule", package: "swift-collections")],
            swiftSettings: releaseSettings + pureSettings),
        .target(name: "Connectivity", dependencies: ["CSPAKE2", crypto], swiftSettings: releaseSettings + pureSettings),
        .target(
            name: "TransferProtocol",
            dependencies: ["Connectivity", "CAEAD", crypto, .product(name: "DequeModule", package: "swift-collections")],
            swiftSettings: releaseSettings + pureSettings),

        // floor 2
        .target(
            name: "SystemSupport", dependencies: ["CLinux", locks, .product(name: "DequeModule", package: "swift-collections")],
            swiftSettings: releaseSettings),
        .target(
            name: "ChatStoreSQLite",
            dependencies: [
                "ChatStore", "ChatProtocol", "SystemSupport", locks, crypto, cryptoExtras,
                .product(name: "DequeModule", package: "swift-collections"),
                .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "GRDBSQLite", package: "GRDB.swift"),
            ],
            swiftSettings: releaseSettings),
        .target(
            name: "ChatServer",
            dependencies: nio + [
                "ChatCodec", "ChatHub", "ChatStoreSQLite", "ChatStore", "ChatProtocol", "Connectivity", "NetworkIO", "SystemSupport",
                "CLinux",
                nioTLS, locks, crypto,
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "X509", package: "swift-certificates"),
                .product(name: "SwiftASN1", package: "swift-asn1"),
                .product(name: "DequeModule", package: "swift-collections"),
            ],
            swiftSettings: releaseSettings),
        .target(
            name: "ChatClient",
            dependencies: nio + [
                "ChatProtocol", "SystemSupport", "CReadline", "CLinux", nioTLS, crypto,
                .product(name: "X509", package: "swift-certificates"),
                .product(name: "SwiftASN1", package: "swift-asn1"),
                .product(name: "DequeModule", package: "swift-collections"),
            ]),
        .target(
            name: "NetworkIO", dependencies: ["Connectivity", "SystemSupport", "CLinux"], swiftSettings: releaseSettings),
        .target(
            name: "TransferIO",
            dependencies: [
                "TransferProtocol", "Connectivity", "NetworkIO", "SystemSupport", "CLinux", "CUPnP", locks, crypto, cryptoExtras,
            ],
            swiftSettings: releaseSettings),

        // floor 3
        .executableTarget(
            name: "chatty",
            dependencies: [
                "ChatServer", "ChatStoreSQLite", "ChatClient", "ChatHub", "ChatProtocol", "TransferIO", "TransferProtocol",
                "Connectivity", "NetworkIO", "SystemSupport", "CLinux", locks, crypto,
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ]),

        .target(name: "BenchmarkSupport", dependencies: [locks]),
        .executableTarget(
            name: "TransferBenchmark",
            dependencies: ["BenchmarkSupport", "TransferIO", "TransferProtocol", "Connectivity", "NetworkIO", "TransferSimulator"]),
        .executableTarget(
            name: "ChatBenchmark", dependencies: nio + ["BenchmarkSupport", "ChatServer", "ChatStoreSQLite", "ChatProtocol", "CLinux"],
            swiftSettings: releaseSettings),

        .testTarget(name: "ChatProtocolTests", dependencies: ["ChatProtocol", "TestSupport"]),
        .testTarget(name: "ChatStoreTests", dependencies: ["ChatStore", "ChatProtocol", "EngineConformance", "TestSupport"]),
        .testTarget(name: "SystemSupportTests", dependencies: ["SystemSupport", "TestSupport", locks]),
        .testTarget(
            name: "ChatStoreSQLiteTests",
            dependencies: [
                "ChatStoreSQLite", "ChatStore", "ChatProtocol", "SystemSupport", "EngineConformance", "TestSupport", locks,
                .product(name: "GRDB", package: "GRDB.swift"),
            ],
            exclude: ["Fixtures"]),
        .testTarget(
            name: "ChatHubTests", dependencies: ["ChatCodec", "ChatHub", "ChatStore", "ChatProtocol", "TestSupport"], exclude: ["Corpus"]),
        .testTarget(
            name: "ChatServerTests",
            dependencies: nio + [
                "ChatServer", "ChatStoreSQLite", "ChatHub", "ChatStore", "ChatProtocol", "SystemSupport", "TestSupport", locks,
                .product(name: "GRDB", package: "GRDB.swift"),
            ]),
        .testTarget(
            name: "ChatClientTests",
            dependencies: nio + [
                "ChatClient", "ChatProtocol", "TestSupport", "TestCertificates", locks,
                .product(name: "X509", package: "swift-certificates"),
                .product(name: "SwiftASN1", package: "swift-asn1"),
            ]),
        .testTarget(name: "ConnectivityTests", dependencies: ["Connectivity", "NetworkSimulator", "TestSupport", crypto]),
        .testTarget(
            name: "NetworkIOTests", dependencies: ["NetworkIO", "Connectivity", "SystemSupport", "CLinux", "TestSupport"]),
        .testTarget(
            name: "TransferProtocolTests",
            dependencies: ["TransferProtocol", "Connectivity", "TransferSimulator", "TestSupport", crypto],
            exclude: ["Vectors"]),
        .testTarget(
            name: "TransferIOTests",
            dependencies: [
                "TransferIO", "TransferProtocol", "Connectivity", "NetworkIO", "SystemSupport", "TransferSimulator", "CLinux",
                "TestSupport", locks, crypto,
            ]),
        .testTarget(
            name: "ChattyTests",
            dependencies: [
                "CHarness", "chatty", "ChatClient", "ChatProtocol", "TransferProtocol", "Connectivity", "NetworkIO", "TestSupport",
            ]),
        .testTarget(
            name: "EndToEndTests",
            dependencies: [
                "CHarness", "PoorFileSystem", "ChatServer", "ChatStoreSQLite", "ChatProtocol", "NetworkIO", "TransferProtocol",
                "TransferSimulator", "TestSupport", "TestCertificates", locks,
                .product(name: "X509", package: "swift-certificates"),
                .product(name: "SwiftASN1", package: "swift-asn1"),
            ]),
        .target(name: "CHarness", path: "Tests/CHarness"),
        .executableTarget(name: "PoorFileSystem", path: "Tests/PoorFileSystem"),
        .target(
            name: "TransferSimulator", dependencies: ["TransferIO", "TransferProtocol", "Connectivity", crypto],
            path: "Tests/TransferSimulator",
            swiftSettings: pureSettings),
        .target(
            name: "NetworkSimulator", dependencies: ["Connectivity", "TransferProtocol"], path: "Tests/NetworkSimulator",
            swiftSettings: pureSettings),
        .target(name: "EngineConformance", dependencies: ["ChatStore", "ChatProtocol", locks], path: "Tests/EngineConformance"),
        .target(name: "TestSupport", dependencies: ["CHarness", "CLinux", "TransferProtocol"], path: "Tests/TestSupport"),
        .target(
            name: "TestCertificates",
            dependencies: [
                crypto, cryptoExtras,
                .product(name: "X509", package: "swift-certificates"),
                .product(name: "SwiftASN1", package: "swift-asn1"),
            ],
            path: "Tests/TestCertificates"),
    ],
    swiftLanguageModes: [.v6]
)
