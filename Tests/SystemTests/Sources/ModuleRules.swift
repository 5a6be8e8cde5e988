// SPDX-License-Identifier: Apache-2.0

/// What each module may import of ours: the layers, with arrows that only point down.
enum ModuleRules {
    static let ours: [String: Set<String>] = [
        // Ground: each its C module; threads for the blocking ones; Git trees are file trees.
        "Threads": ["CThreads"],
        "Compression": ["CZlib"],
        "RegularExpressions": [],
        "Manifests": ["CYAML"],
        "GitRepository": ["CGit2", "Threads", "Manifests"],
        "PostgresClient": ["CPostgres", "Threads"],
        "HTTPTransport": ["CCurl", "Threads"],
        // Engines.
        "Kustomize": ["Manifests", "RegularExpressions"],
        "GoTemplate": ["Manifests", "RegularExpressions"],
        // Charts come packed, too.
        "Helm": ["Manifests", "GoTemplate", "RegularExpressions", "Compression"],
        // Only to recognise what agents will decrypt; it holds no key.
        "Rendering": ["Manifests", "Kustomize", "SecretsDecryption"],
        "SecretsDecryption": ["Manifests", "RegularExpressions"],
        "KubernetesAPI": ["Manifests", "HTTPTransport"],
        // Domain: documents, and nothing that does anything.
        "FleetModel": ["Manifests", "RegularExpressions"],
        "Promotion": ["Manifests"],
        "AgentProtocol": ["Manifests"],
        // Shell. The coordinator has no way into a cluster; the agent none into the database or Git.
        "FleetAgent": [
            "AgentProtocol", "KubernetesAPI", "SecretsDecryption", "HTTPTransport", "Compression", "Manifests", "Threads", "CThreads",
        ],
        "FleetCoordinator": [
            "AgentProtocol", "Promotion", "FleetModel", "Rendering", "Kustomize", "GitRepository", "PostgresClient", "HTTPTransport",
            "Compression", "Manifests", "Threads",
        ],
        "ClusterSimulator": ["Manifests"],
        // Programs.
        "flotilla": [
            "FleetCoordinator", "ClusterSimulator", "FleetModel", "AgentProtocol", "Rendering", "Kustomize", "KubernetesAPI",
            "HTTPTransport", "GitRepository", "PostgresClient", "SecretsDecryption", "Manifests", "Threads", "Helm", "GoTemplate",
        ],
        "flotilla-fuzz": ["Kustomize", "GoTemplate", "Manifests"],
        "flotilla-agent": ["FleetAgent", "KubernetesAPI", "HTTPTransport", "Manifests", "Threads", "CThreads"],
        "flotilla-bench": [
            "FleetCoordinator", "FleetAgent", "ClusterSimulator", "FleetModel", "Rendering", "Kustomize", "KubernetesAPI",
            "HTTPTransport", "GitRepository", "PostgresClient", "AgentProtocol", "Promotion", "Manifests", "Threads", "Compression",
            "GoTemplate",
        ],
    ]

    /// What else the modules that must stay small or pure may import; others choose for themselves.
    static let others: [String: Set<String>] = [
        "Manifests": ["Glibc", "Crypto"],
        "Threads": ["Glibc", "Synchronization"],
        "Compression": ["Glibc"],
        "RegularExpressions": [],
        "HTTPTransport": ["Glibc", "Synchronization"],
        "KubernetesAPI": ["Glibc", "Synchronization"],
        "AgentProtocol": [],
        "Promotion": [],
        "FleetModel": [],
        "Kustomize": [],
        "GoTemplate": ["Crypto", "CryptoExtras", "Glibc"],
        "Helm": [],
        "Rendering": ["Synchronization"],
        "SecretsDecryption": ["Crypto"],
        "FleetAgent": ["Glibc", "Synchronization", "FoundationEssentials", "Crypto", "SwiftASN1", "Logging"],
        "flotilla-agent": ["Dispatch", "Glibc", "Synchronization", "FoundationEssentials", "Logging", "ArgumentParser"],
    ]

    static func isOurs(_ module: String) -> Bool { ours[module] != nil || cModules.contains(module) }

    /// C libraries with a wrapper. `CThreads` holds only a few calls of the system that Swift's own module lacks.
    static let wrapped = cModules.subtracting(["CThreads"])

    static let cModules: Set<String> = ["CYAML", "CGit2", "CPostgres", "CCurl", "CZlib", "CThreads"]

    /// The modules that a file imports.
    static func imports(of text: String) -> [String] {
        text.split(separator: "\n").compactMap { line in
            var words = line.split(separator: " ")
            while let first = words.first,
                first.hasPrefix("@") || ["package", "internal", "public", "private", "fileprivate"].contains(first)
            {
                words.removeFirst()
            }
            guard words.first == "import", words.count >= 2 else { return nil }
            let kinds: Set<Substring> = ["struct", "class", "enum", "protocol", "func", "var", "let", "typealias"]
            let name = kinds.contains(words[1]) && words.count > 2 ? words[2] : words[1]
            return name.split(separator: ".").first.map(String.init)
        }
    }
}
