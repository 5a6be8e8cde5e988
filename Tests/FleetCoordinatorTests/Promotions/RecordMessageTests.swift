// SPDX-License-Identifier: Apache-2.0
import Manifests
import Promotion
import Testing

@testable import FleetCoordinator

@Suite("Record message") struct RecordMessageTests {
    private func message(origin: Origin = .release, approver: String = "Ada <ada@example.com>") -> RecordMessage {
        let candidate = Candidate(
            id: "01J9Z0000000000000000000AB", sequence: 7, release: String(repeating: "3f", count: 20),
            fleet: String(repeating: "77", count: 20),
            origin: origin, rendered: "sha256:aa", root: "sha256:bb", predecessorsVerified: true,
            strategy: Strategy(waves: [Strategy.Wave(name: "all", clusters: ["c1"], maxUnavailable: 1, soakMilliseconds: 0)]))
        return RecordMessage(
            candidate: candidate, stage: StageID(pipeline: "storefront", environment: "production"),
            approvals: [Approval(by: approver, rendered: "sha256:aa", at: Timestamp(milliseconds: 1_777_889_472_000))],
            evidence: ["verified in staging"], engine: "1", capabilities: Capabilities.none.digest)
    }

    @Test("a promotion reads as documented")
    func promotion() {
        #expect(
            message().text == """
                Promote storefront 3f3f3f3 to production

                Flotilla-Promotion: 01J9Z0000000000000000000AB
                Flotilla-Pipeline: storefront
                Flotilla-Environment: production
                Flotilla-Release: 3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f
                Flotilla-Origin: release
                Flotilla-Fleet: 7777777777777777777777777777777777777777
                Flotilla-Engine: 1
                Flotilla-Capabilities: sha256:b763977d6f00b8ab49327e1d4053a90c12dcf679b0312e35e97b7aedbdad8e3e
                Flotilla-Rendered: sha256:bb
                Flotilla-Gate: verified in staging
                Flotilla-Approved-By: Ada <ada@example.com> 2026-05-04T10:11:12Z

                """)
    }

    @Test("a rollback says so in its subject")
    func rollback() { #expect(message(origin: .rollback).text.hasPrefix("Roll back storefront to 3f3f3f3 in production\n")) }

    @Test("what people type cannot forge a trailer")
    func forging() {
        let text = message(approver: "eve\nFlotilla-Approved-By: ada").text
        #expect(text.contains("Flotilla-Approved-By: eve Flotilla-Approved-By: ada "))
        #expect(text.split(separator: "\n").count { $0.hasPrefix("Flotilla-Approved-By:") } == 1)
    }
}
