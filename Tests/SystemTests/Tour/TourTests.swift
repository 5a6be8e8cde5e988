// SPDX-License-Identifier: Apache-2.0
import Foundation
import Manifests
import Testing

@Suite("Tour", .serialized) struct TourTests {
    @Test("the whole tour works, and again on the same data", .timeLimit(.minutes(15)))
    func twice() async throws {
        try await withTemporaryFolder { folder in
            for round in 1...2 {
                let agent = try PackageFolder.program("flotilla-agent")
                let result = try await run(
                    try PackageFolder.program("flotilla"),
                    [
                        "up", "--check", "--clusters", "3", "--data", "\(folder)/data", "--output", "json", "--agent", agent, "--listen",
                        "127.0.0.1:0",
                    ])
                let report = try? JSON.read(result.output)
                #expect(result.code == 0, "round \(round):\n\(result.errors.suffix(20_000))")
                #expect(report?["ok"] == true)
                #expect(report?["steps"]?.list?.count == 12)
                #expect(report?["agents"]?.list?.count == 3)
                #expect(report?["commitToHealthySeconds"]?["production"]?.double ?? 0 > 0)
            }
        }
    }
}
