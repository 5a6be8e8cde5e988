// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@Suite("Agent binary", .enabled(if: FileManager.default.fileExists(atPath: PackageFolder.shippedAgent), "`make agent` builds it"))
struct AgentBinaryTests {
    @Test("the shipped agent needs no Swift runtime, no Foundation and no ICU on the machine")
    func dependencies() async throws {
        let result = try await run("/usr/bin/readelf", ["-d", PackageFolder.shippedAgent])
        #expect(result.code == 0, "\(result.errors)")
        let needed = result.output.split(separator: "\n").filter { $0.contains("(NEEDED)") }.compactMap { line in
            line.split(separator: "[").last?.split(separator: "]").first.map(String.init)
        }
        #expect(needed.contains { $0.hasPrefix("libc.so") })
        for library in needed {
            let lower = library.lowercased()
            for foreign in ["swift", "foundation", "icu", "dispatch", "blocksruntime"] {
                #expect(!lower.contains(foreign), "needs \(library)")
            }
        }
    }

    @Test("the shipped agent carries FoundationEssentials, not Foundation")
    func symbols() async throws {
        // The name of the module is in every type's metadata, in stripped programs too.
        let bytes = try Data(contentsOf: URL(fileURLWithPath: PackageFolder.shippedAgent), options: .alwaysMapped)
        for mark in ["20FoundationNetworking", "FoundationInternationalization", "_ZN6icu_"] {
            #expect(bytes.range(of: Data(mark.utf8)) == nil, "\(mark)")
        }
    }

    @Test("the shipped agent starts and explains itself")
    func help() async throws {
        let result = try await run(PackageFolder.shippedAgent, ["--help"])
        #expect(result.code == 0)
        for option in ["--coordinator", "--cluster", "--enrolment-token-file", "--kubeconfig", "--context", "--state-directory"] {
            #expect(result.output.contains(option), "\(option)")
        }
    }
}
