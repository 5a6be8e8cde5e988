// SPDX-License-Identifier: Apache-2.0
import Foundation

/// The repository that the tests are of.
enum PackageFolder {
    static let path: String = {
        var parts = #filePath.split(separator: "/")
        parts.removeLast(4)
        return "/" + parts.joined(separator: "/")
    }()

    struct SourceFile: Sendable {
        /// From the repository's root.
        var path: String
        var text: String
        /// The target's folder: `Manifests` for `Sources/Manifests/…`.
        var module: String
    }

    /// Every Swift file below `Sources` or `Tests`.
    static func swiftFiles(below folder: String) throws -> [SourceFile] {
        var files: [SourceFile] = []
        let root = "\(path)/\(folder)"
        guard let names = FileManager.default.enumerator(atPath: root) else { return [] }
        for case let name as String in names where name.hasSuffix(".swift") {
            let text = try String(contentsOfFile: "\(root)/\(name)", encoding: .utf8)
            files.append(SourceFile(path: "\(folder)/\(name)", text: text, module: String(name.split(separator: "/")[0])))
        }
        return files.sorted { $0.path < $1.path }
    }

    /// A program of this build, beside the tests' own.
    static func program(_ name: String) throws -> String {
        let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        return URL(fileURLWithPath: own).deletingLastPathComponent().appendingPathComponent(name).path
    }

    /// The agent as it is shipped, which `make` builds in a folder of its own; `FLOTILLA_AGENT_BINARY` says where.
    static var shippedAgent: String {
        ProcessInfo.processInfo.environment["FLOTILLA_AGENT_BINARY"] ?? "\(path)/.build/agent/release/flotilla-agent"
    }
}
