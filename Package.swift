// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0
import PackageDescription

/// Every target of ours is held to the same rules: a warning is an error.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .treatAllWarnings(as: .error),
]

let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
let cryptoExtras: Target.Dependency = .product(name: "CryptoExtras", package: "swift-crypto")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let arguments: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")
let hummingbird: Target.Dependency = .product(name: "Hummingbird", package: "hummingbird")
let hummingbirdTLS: Target.Dependency = .product(name: "HummingbirdTLS", package: "hummingbird")
let lifecycle: Target.Dependency = .product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let signals: Target.Dependency = .product(name: "UnixSignals", package: "swift-service-lifecycle")
let mustache: Target.Dependency = .product(name: "Mustache", package: "swift-mustache")
let nioCore: Target.Dependency = .product(name: "NIOCore", package: "swift-nio")
let nioPosix: Target.Dependency = .product(name: "NIOPosix", package: "swift-nio")
let nioSSL: Target.Dependency = .product(name: "NIOSSL", package: "swift-nio-ssl")
let httpTypes: Target.Dependency = .product(name: "HTTPTypes", package: "swift-http-types")
let x509: Target.Dependency = .product(name: "X509", package: "swift-certificates")
let asn1: Target.Dependency = .product(name: "SwiftASN1", package: "swift-asn1")
let jwt: Target.Dependency = .product(name: "JWTKit", package: "jwt-kit")

func module(
    _ name: String, _ dependencies: [Target.Dependency], resources: [Resource] = [], tests: [Target.Dependency] = []
) -> [Target] {
    [
        .target(name: name, dependencies: dependencies, resources: resources, swiftSettings: strict),
        .testTarget(
            name: "\(name)Tests", dependencies: [.target(name: name)] + dependencies + tests, swiftSettings: strict),
    ]
}

let package = Package(
    name: "flotilla",
    products: [
        .executable(name: "flotilla", targets: ["flotilla"]),
        .executable(name: "flotilla-agent", targets: ["flotilla-agent"]),
        .executable(name: "flotilla-bench", targets: ["flotilla-bench"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-asn1", from: "1.7.4"),
        .package(url: "https://github.com/apple/swift-certificates", from: "1.21.1"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/hummingbird-project/swift-mustache", from: "2.1.1"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/vapor/jwt-kit", from: "5.7.1"),
    ],
    targets: [
        // C: system libraries, each imported by one Swift wrapper only.
        .systemLibrary(name: "CYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
        .systemLibrary(name: "CGit2", pkgConfig: "libgit2", providers: [.apt(["libgit2-dev"])]),
        .systemLibrary(name: "CPostgres", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
        .systemLibrary(name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "CThreads"),

        .executableTarget(
            name: "flotilla",
            dependencies: [
                "FleetCoordinator", "ClusterSimulator", "FleetModel", "AgentProtocol", "Rendering", "Kustomize", "KubernetesAPI",
                "HTTPTransport", "GitRepository", "PostgresClient", "SecretsDecryption", "Helm", "GoTemplate", "Manifests", "Threads",
                arguments, logging, lifecycle, signals,
            ],
            swiftSettings: strict),
        .executableTarget(
            name: "flotilla-agent",
            dependencies: ["FleetAgent", "KubernetesAPI", "HTTPTransport", "Manifests", "Threads", "CThreads", arguments, logging],
            swiftSettings: strict),
        .executableTarget(
            name: "flotilla-bench",
            dependencies: [
                "FleetCoordinator", "FleetAgent", "ClusterSimulator", "FleetModel", "Rendering", "Kustomize", "KubernetesAPI",
                "HTTPTransport", "GitRepository", "PostgresClient", "AgentProtocol", "Promotion", "GoTemplate", "Compression", "Manifests",
                "Threads", "TLSTestServer", arguments, hummingbird, httpTypes, nioCore, logging,
            ],
            swiftSettings: strict),

        // A small HTTP server that tests can bend as they need.
        .target(name: "HTTPTestServer", path: "Tests/HTTPTestServer", swiftSettings: strict),

        // What makes that server one of TLS with clients' certificates, and an authority that issues them.
        .target(
            name: "TLSTestServer", dependencies: [crypto, x509, asn1, nioCore, nioPosix, nioSSL], path: "Tests/TLSTestServer",
            swiftSettings: strict),

        // Repositories of applications that change at random, and what their renders must give.
        .target(
            name: "RandomRepositories", dependencies: ["Rendering", "Manifests"], path: "Tests/RandomRepositories", swiftSettings: strict),

        // The programs themselves, started as processes: they must have been built.
        .testTarget(
            name: "SystemTests",
            dependencies: [
                "flotilla", "flotilla-agent", "ClusterSimulator", "AgentProtocol", "Compression", "SecretsDecryption", "Manifests",
                "HTTPTransport", "Threads", "PostgresClient", "FleetCoordinator", "FleetModel", "GitRepository", "HTTPTestServer",
                "TLSTestServer", arguments,
                logging,
            ],
            swiftSettings: strict),
    ]
        // ground
        + module("Threads", ["CThreads"])
        + module("Compression", ["CZlib"])
        + module("RegularExpressions", [])
        + module("Manifests", ["CYAML", crypto])
        + module("GitRepository", ["CGit2", "Threads", "Manifests", crypto, cryptoExtras])
        + module("PostgresClient", ["CPostgres", "Threads", logging])
        + module("HTTPTransport", ["CCurl", "CThreads", "Threads"], tests: ["HTTPTestServer"])
        // engines
        + module("Kustomize", ["Manifests", "RegularExpressions"])
        + module("GoTemplate", ["Manifests", "RegularExpressions", crypto, cryptoExtras])
        + module("Helm", ["Manifests", "GoTemplate", "RegularExpressions", "Compression"])
        + module("SecretsDecryption", ["Manifests", "RegularExpressions", crypto])
        + module("Rendering", ["Manifests", "Kustomize", "SecretsDecryption"], tests: ["RandomRepositories"])
        + module("KubernetesAPI", ["Manifests", "HTTPTransport"], tests: ["HTTPTestServer"])
        // domain
        + module("FleetModel", ["Manifests"])
        + module("Promotion", ["Manifests"])
        + module("AgentProtocol", ["Manifests"])
        // shell
        + module(
            "FleetAgent",
            [
                "AgentProtocol", "KubernetesAPI", "SecretsDecryption", "HTTPTransport", "Compression", "Manifests", "Threads", "CThreads",
                crypto, asn1, logging,
            ],
            tests: ["ClusterSimulator", "HTTPTestServer", "TLSTestServer", x509])
        + module(
            "FleetCoordinator",
            [
                "AgentProtocol", "Promotion", "FleetModel", "Rendering", "Kustomize", "GitRepository", "PostgresClient",
                "HTTPTransport", "Compression", "Manifests", "Threads", hummingbird, hummingbirdTLS, nioCore, nioPosix, nioSSL,
                httpTypes, lifecycle, mustache, logging, crypto, cryptoExtras, x509, asn1, jwt,
            ],
            resources: [
                .embedInCode("Store/Migrations"), .embedInCode("Web/Templates"), .embedInCode("Web/Assets"),
            ],
            tests: ["RandomRepositories", "SecretsDecryption", "HTTPTestServer"])
        + module(
            "ClusterSimulator",
            ["Manifests", hummingbird, hummingbirdTLS, nioCore, nioPosix, nioSSL, httpTypes, lifecycle, logging, crypto],
            resources: [.embedInCode("Resources")]))

// The fuzzers need every module instrumented and bring a `main` of their own: `make fuzz` builds them alone, in a folder of their own.
if Context.environment["FLOTILLA_FUZZING"] != nil {
    package.targets.append(
        .executableTarget(
            name: "flotilla-fuzz", dependencies: ["Kustomize", "GoTemplate", "Manifests"],
            swiftSettings: strict + [.unsafeFlags(["-parse-as-library"])]))
}
