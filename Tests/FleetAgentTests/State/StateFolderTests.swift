// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import Glibc
import KubernetesAPI
import Manifests
import Testing

@testable import FleetAgent

@Suite struct StateFolderTests {
    @Test("An identity stays over restarts")
    func instance() async throws {
        let folder = try TemporaryFolder()
        let first = try await StateFolder(path: folder.path).instance { "one" }
        let second = try await StateFolder(path: folder.path).instance { "two" }
        #expect([first, second] == ["one", "one"])
    }

    @Test("Tasks and inventories come back as they were saved")
    func roundTrip() async throws {
        let folder = try TemporaryFolder()
        let state = try await StateFolder(path: folder.path)
        let task = SyncTask.test("web", counter: 7)
        try await state.save(task)
        var inventory = Inventory()
        inventory.synced = "1.7"
        inventory.parentKinds = ["ConfigMap"]
        let identity = ObjectIdentity(group: "apps", kind: "Deployment", namespace: "shop", name: "web")
        inventory.records[identity] = ObjectRecord(
            apiVersion: "apps/v1", applied: .sha256("a"), body: .sha256("b"), projection: .sha256("p"), uid: "u", version: 12)
        try await state.save(inventory, of: "web")
        let other = try await StateFolder(path: folder.path)
        #expect(try await other.tasks() == [task])
        #expect(try await other.inventory("web") == inventory)
        try await other.forget(application: "web")
        #expect(try await other.tasks().isEmpty)
        #expect(try await other.inventory("web") == nil)
    }

    @Test("Objects are checked when read, and collected when nobody needs them")
    func objects() async throws {
        let folder = try TemporaryFolder()
        let state = try await StateFolder(path: folder.path)
        let values: [Value] = [["a": 1], ["b": 2]]
        let stored = values.map { (digest: Canonical.digest($0), bytes: Canonical.bytes($0)) }
        try await state.store(stored)
        #expect(try await state.missing(stored.map(\.digest) + [.sha256("no")]) == [.sha256("no")])
        #expect(try await state.object(stored[0].digest) == values[0])

        let hex = stored[0].digest.hex
        try Folder.write([1, 2, 3], to: "\(folder.path)/objects/\(hex.prefix(2))/\(hex).json")
        await #expect(throws: StateError.self) { try await state.object(stored[0].digest) }
        #expect(try await state.missing([stored[0].digest]) == [stored[0].digest])

        try await state.collect(keeping: [])
        #expect(try await state.missing([stored[1].digest]) == [stored[1].digest])
    }

    @Test("A name that would leave the folder is refused", arguments: ["../x", "a/b", "", ".hidden"])
    func names(name: String) async throws {
        let folder = try TemporaryFolder()
        let state = try await StateFolder(path: folder.path)
        await #expect(throws: StateError.self) { try await state.inventory(name) }
    }
}

/// A folder that goes with the test.
final class TemporaryFolder: Sendable {
    let path: String

    init() throws {
        let base = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        var template = Array("\(base)/flotilla-agent-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw StateError.last(base) }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit { Self.remove(path) }

    private static func remove(_ path: String) {
        for name in Folder.names(path) { remove("\(path)/\(name)") }
        if unlink(path) != 0 { rmdir(path) }
    }
}
