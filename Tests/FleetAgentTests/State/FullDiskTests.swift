// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import ClusterSimulator
import Glibc
import Manifests
import Testing

@testable import FleetAgent

@Suite(.serialized, .timeLimit(.minutes(1))) struct FullDiskTests {
    private static func config(_ name: String) -> String { "/api/v1/namespaces/shop/configmaps/\(name)" }

    @Test("With a full disk the agent keeps what it has, prunes nothing, begins nothing new, says so, and goes on when there is space")
    func full() async throws {
        try await TestCluster.run { cluster in
            let state = "\(cluster.folder.path)/small"
            try Folder.make(state)
            guard mount("tmpfs", state, "tmpfs", 0, "size=1m") == 0 else {
                print("skipped: this process may not mount a small file system")
                return
            }
            defer { umount(state) }
            let coordinator = cluster.coordinator
            try await cluster.withAgent(state: "small") {
                coordinator.want("web", 1, [configMap("a", ["k": "1"]), configMap("b", ["k": "1"]), configMap("c", ["k": "1"])])
                await coordinator.wait("web", 1, .synced, .current)
                try fill("\(state)/filler")
                cluster.edit(Self.config("a"), ["data": ["k": "by hand"]])
                await coordinator.wait { $0.events.contains { $0.kind == .healed } }
                #expect(cluster.get(Self.config("a")).at("data", "k") == "1")

                coordinator.want("web", 2, [configMap("a", ["k": "2"]), configMap("b", ["k": "1"])])
                await coordinator.wait { $0.applications["web"]?.message.contains("No space left on device") == true }
                #expect(!cluster.get(Self.config("c")).isNull)
                #expect(cluster.get(Self.config("a")).at("data", "k") == "1")
                unlink("\(state)/filler")
                await coordinator.wait("web", 2, .synced, .current)
                #expect(cluster.get(Self.config("c")).isNull)
            }
        }
    }

    /// Writes until nothing more fits.
    private func fill(_ path: String) throws {
        let file = open(path, O_WRONLY | O_CREAT, 0o600)
        let block = [UInt8](repeating: 1, count: 4_096)
        while write(file, block, block.count) > 0 {}
        close(file)
    }
}
