// SPDX-License-Identifier: Apache-2.0
import Foundation

/// A copy of the example fleet in a Git repository of its own, for renders that change it.
struct RenderSandbox: Sendable {
    let folder: String

    /// Runs `body` with a fresh copy; removed afterwards.
    static func with<Result>(_ body: (RenderSandbox) async throws -> Result) async throws -> Result {
        try await withTemporaryFolder { folder in
            let sandbox = RenderSandbox(folder: folder)
            for name in ["fleet", "environments"] {
                try FileManager.default.copyItem(atPath: "\(PackageFolder.path)/\(name)", toPath: "\(folder)/\(name)")
            }
            try await sandbox.git("init", "-q", "-b", "main")
            try await sandbox.commit("Begin")
            return try await body(sandbox)
        }
    }

    @discardableResult
    func git(_ arguments: String...) async throws -> String {
        let result = try await run(
            "/usr/bin/env", ["git", "-c", "user.name=Ada", "-c", "user.email=ada@example.com", "-c", "commit.gpgsign=false"] + arguments,
            folder: folder)
        guard result.code == 0 else { throw CocoaError(.fileReadUnknown, userInfo: ["git": result.errors]) }
        return result.output.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    func commit(_ message: String) async throws {
        try await git("add", "-A")
        try await git("commit", "-q", "-m", message)
    }

    func write(_ text: String, to path: String) throws {
        let url = URL(fileURLWithPath: "\(folder)/\(path)")
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: url)
    }

    func read(_ path: String) throws -> String { try String(contentsOfFile: "\(folder)/\(path)", encoding: .utf8) }

    /// Replaces a text that must be there.
    func edit(_ path: String, _ old: String, _ new: String) throws {
        let text = try read(path)
        guard text.contains(old) else { throw CocoaError(.fileReadCorruptFile, userInfo: ["path": path, "lacks": old]) }
        try write(text.replacingOccurrences(of: old, with: new), to: path)
    }

    func remove(_ path: String) throws { try FileManager.default.removeItem(atPath: "\(folder)/\(path)") }

    /// An application of plain manifests with variables, which the example fleet has not, in its pipeline.
    func addGreeter() throws {
        // Its namespace is not one of the shop's.
        let pipeline = "fleet/pipelines/shop.yaml"
        if try !read(pipeline).contains("greetings") {
            try edit(pipeline, "namespaces: [shop, monitoring]", "namespaces: [shop, monitoring, greetings]")
        }
        try write(
            """
            apiVersion: flotilla.dev/v1alpha1
            kind: Application
            metadata:
              name: greeter
              labels: {part-of: shop}
            spec:
              source:
                path: fleet/applications/greeter/manifests
                substitute: true
              namespace: greetings

            """, to: "fleet/applications/greeter/application.yaml")
        try write(
            """
            apiVersion: v1
            kind: ConfigMap
            metadata:
              name: greeter
            data:
              host: "${domain}"
              region: ${cluster.labels.region}
              level: ${level:=info}

            """, to: "fleet/applications/greeter/manifests/config.yaml")
    }

    func flotilla(_ arguments: String...) async throws -> ProgramResult {
        try await run(try PackageFolder.program("flotilla"), ["render"] + arguments, folder: folder)
    }

    /// Every file below a folder with its text, without Git's own.
    func files(_ path: String) throws -> [String: String] {
        var files: [String: String] = [:]
        guard let names = FileManager.default.enumerator(atPath: "\(folder)/\(path)") else { return files }
        for case let name as String in names where name.hasSuffix(".yaml") || name.hasPrefix(".flotilla") {
            files[name] = try read("\(path)/\(name)")
        }
        return files
    }
}
