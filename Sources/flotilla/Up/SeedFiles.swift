// SPDX-License-Identifier: Apache-2.0
import Manifests

/// The first commit of the fleet repository that `up` makes.
enum SeedFiles {
    /// Every file of `fleet/` and `environments/` below `folder`. Blocks on the disk.
    static func read(_ folder: String) throws -> [String: [UInt8]] {
        let tree = FolderTree(root: folder)
        var files: [String: [UInt8]] = [:]
        for part in ["fleet", "environments"] {
            guard case .folder = try tree.entry(at: part) else {
                throw Failure(
                    "\(folder): there is no folder \(part)/",
                    hint: "run this where fleet/ and environments/ are, or name that folder with --examples")
            }
            try collect(tree, part, &files)
        }
        return files
    }

    private static func collect(_ tree: FolderTree, _ path: String, _ files: inout [String: [UInt8]]) throws {
        switch try tree.entry(at: path) {
        case .file: files[path] = try tree.read(path, limit: 16 << 20)
        case .folder: for name in try tree.list(path) { try collect(tree, "\(path)/\(name)", &files) }
        case .symbolicLink, nil: break
        }
    }

    /// The files with other clusters in the place of those that they declare.
    static func replacingClusters(in files: [String: [UInt8]], by names: [ClusterName]) -> [String: [UInt8]] {
        var files = files.filter { !$0.key.hasPrefix("fleet/clusters/") }
        for name in names { files["fleet/clusters/\(name.name).yaml"] = Array(name.declaration.utf8) }
        return files
    }
}

/// A cluster that is declared for the demonstration, with the labels by which the example's environments choose theirs.
struct ClusterName: Sendable, Equatable {
    var name: String
    var isProduction: Bool
    var region: String
    /// Whether releases reach it before the rest of production.
    var isCanary: Bool

    /// A third of them for staging, but at least one and at most ten; never fewer than two for production.
    static func generate(_ count: Int) -> [ClusterName] {
        let staging = min(max(count / 3, 1), 10)
        return (0..<count).map { index in
            let isProduction = index >= staging
            let number = isProduction ? index - staging : index
            let isEurope = number % 2 == 0
            return ClusterName(
                name: "\(isProduction ? "prod" : "staging")-\(isEurope ? "eu" : "us")-\(number / 2 + 1)", isProduction: isProduction,
                region: isEurope ? "eu-west" : "us-east", isCanary: isProduction && number == 0)
        }
    }

    /// The first of several contexts for staging, the others for production.
    static func declare(contexts: [String]) -> [ClusterName] {
        contexts.enumerated().map { index, context in
            let isProduction = index > 0
            return ClusterName(name: name(of: context), isProduction: isProduction, region: "here", isCanary: index == 1)
        }
    }

    /// A context's name as a cluster may be called: lower-case letters, digits and dashes.
    static func name(of context: String) -> String {
        let mapped = context.lowercased().unicodeScalars.map { scalar -> Character in
            ("a"..."z").contains(scalar) || ("0"..."9").contains(scalar) ? Character(scalar) : "-"
        }
        let trimmed = mapped.drop { $0 == "-" }.reversed().drop { $0 == "-" }.reversed()
        return String(trimmed.prefix(63))
    }

    /// The Cluster's file.
    var declaration: String {
        """
        apiVersion: flotilla.dev/v1alpha1
        kind: Cluster
        metadata:
          name: \(name)
          labels:
            tier: \(isProduction ? "production" : "staging")
            region: \(region)
            ring: \(isCanary ? "canary" : "main")
        spec:
          variables:
            domain: \(name).shop.example

        """
    }
}
