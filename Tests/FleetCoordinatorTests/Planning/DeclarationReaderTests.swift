// SPDX-License-Identifier: Apache-2.0
import FleetModel
import Foundation
import GitRepository
import Glibc
import Manifests
import Testing
import Threads

@testable import FleetCoordinator

/// Reading the declarations of one commit after another gives what reading each by itself gives.
@Suite("Declarations from commit to commit") struct DeclarationReaderTests {
    static func application(_ name: String, path: String = "deploy", after: [String] = []) -> String {
        """
        apiVersion: flotilla.dev/v1alpha1
        kind: Application
        metadata: {name: \(name)}
        spec:
          source: {path: "fleet/applications/\(name)/\(path)"}
          dependsOn: [\(after.joined(separator: ", "))]
        """
    }

    /// Edits of the tree, some of which make it invalid.
    static func edit(_ generator: inout some RandomNumberGenerator) -> (path: String, text: String?) {
        let name = "app-\(Int.random(in: 0..<8, using: &generator))"
        let other = "app-\(Int.random(in: 0..<8, using: &generator))"
        let folder = "fleet/applications/\(name)"
        return switch Int.random(in: 0..<10, using: &generator) {
        case 0: ("\(folder)/application.yaml", nil)
        case 1: ("\(folder)/application.yaml", application(name, path: "other"))
        case 2: ("\(folder)/application.yaml", application(name, after: [other]))
        case 3: ("\(folder)/application.yaml", application(other))
        case 4: ("\(folder)/application.yaml", "spec: [")
        case 5: ("\(folder)/deploy/kustomization.yaml", "resources: [\(other).yaml]\n")
        case 6: ("\(folder)/deploy/inner/odd.yaml", Bool.random(using: &generator) ? application("odd-\(name)") : nil)
        case 7: ("environments/production/environment.yaml", "apiVersion: flotilla.dev/v1alpha1\nkind: Environment\n# \(name)\n")
        case 8: ("environments/production/\(name)/application.yaml", application(name))
        default: ("docs/\(name).yaml", "text: \(other)\n")
        }
    }

    @Test("each of a hundred random commits is read as if it were the first", arguments: [1, 2, 3] as [UInt64])
    func incremental(seed: UInt64) async throws {
        var generator = Seeded(state: seed)
        let threads = ThreadPool(name: "git", count: 1)
        defer { threads.stop() }
        let folder = "/tmp/flotilla-test-\(getpid())-\(UInt64.random(in: .min ... .max))"
        try Folders.make(folder)
        let person = CommitPerson(name: "Ada Developer", email: "ada@example.com", when: Timestamp(seconds: 1_800_000_000))
        _ = try await GitMirror.initializeBare(
            at: "\(folder)/remote.git", branch: "main", files: ["README": []], message: "Begin\n", author: person, threads: threads)
        let mirror = try await GitMirror.open(at: "\(folder)/mirror", remote: RemoteSettings(url: "\(folder)/remote.git"), threads: threads)
        var tree = try await mirror.treeID(of: try #require(try await mirror.head(of: "main")))
        let kept = DeclarationReader()
        var before: [ReadFile] = []
        for round in 0..<100 {
            var changes: [String: [UInt8]?] = [:]
            for _ in 0..<Int.random(in: 1...(round == 0 ? 20 : 3), using: &generator) {
                let edit = Self.edit(&generator)
                changes.updateValue(edit.text.map { Array($0.utf8) }, forKey: edit.path)
            }
            tree = try await mirror.writeTree(base: tree, changes: changes)
            let (next, fresh) = try await mirror.read(at: tree) { (try kept.read($0), try DeclarationReader().read($0)) }
            #expect(next.map(\.path) == fresh.map(\.path))
            let (one, other) = (FleetParser.parse(next), FleetParser.parse(fresh))
            #expect(one.diagnostics == other.diagnostics)
            #expect(one.declarations == other.declarations)
            // What did not change was not read again.
            let earlier = Dictionary(before.map { ($0.path, $0) }, uniquingKeysWith: { first, _ in first })
            for file in next where changes.index(forKey: file.path) == nil { #expect(file === earlier[file.path], "\(file.path)") }
            before = next
        }
        await mirror.close()
        try FileManager.default.removeItem(atPath: folder)
    }

    /// SplitMix64.
    struct Seeded: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9e37_79b9_7f4a_7c15
            var mixed = state
            mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
            return mixed ^ (mixed >> 31)
        }
    }
}
