// SPDX-License-Identifier: Apache-2.0
import Manifests
import Promotion
import Testing

@testable import FleetCoordinator

@Suite("Journal state") struct JournalStateTests {
    private let stage = StageID(pipeline: "shop", environment: "production")
    private let at = Timestamp(milliseconds: 1_777_889_472_000)

    private func decision(_ kind: Decision.Kind, promotion: String? = "p1", by: String = "ada", reason: String = "") -> Decision {
        Decision(kind: kind, stage: stage, promotion: promotion, release: "r1", rendered: "sha256:aa", by: by, reason: reason, at: at)
    }

    @Test("decisions become state.json as documented, and read back")
    func writes() throws {
        var state = JournalState()
        state.epoch = 5
        state.apply(decision(.approved))
        state.apply(decision(.verified, by: "flotilla"))
        state.apply(decision(.rejected, promotion: "p2", reason: "prices are wrong"))
        state.apply(decision(.held, promotion: nil, reason: "rolled back"))
        state.through = 4
        #expect(
            JSON.text(state.json) == """
                {"epoch":5,"format":"flotilla.dev/journal/v1","stages":{"production":{"approvals":[],\
                "hold":{"at":"2026-05-04T10:11:12Z","by":"ada","reason":"rolled back","release":"r1","rendered":"sha256:aa"},\
                "rejected":[{"at":"2026-05-04T10:11:12Z","by":"ada","promotion":"p2","reason":"prices are wrong","release":"r1",\
                "rendered":"sha256:aa"}],"verified":[{"at":"2026-05-04T10:11:12Z","by":"flotilla","promotion":"p1","release":"r1",\
                "rendered":"sha256:aa"}]}},"through":4}
                """)
        #expect(try JournalState(json: state.json) == state)
    }

    @Test("resuming ends holds and pauses")
    func resumes() {
        var state = JournalState()
        state.apply(decision(.paused, reason: "sale"))
        state.apply(decision(.held, reason: "rolled back"))
        state.apply(decision(.resumed))
        #expect(state.stages["production"]?.hold == nil)
        #expect(state.stages["production"]?.pause == nil)
    }

    @Test("what is no journal is refused", arguments: ["{}", #"{"format":"x","through":0,"epoch":0,"stages":{}}"#, "[]"])
    func refuses(_ text: String) throws {
        let value = try JSON.read(Array(text.utf8))
        #expect(throws: ShapeError.self) { try JournalState(json: value) }
    }
}
