// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import Manifests
import Promotion
import Testing

@testable import FleetCoordinator

@Suite("Explanations") struct WhyTests {
    private static let now = Timestamp(seconds: 10_000)

    private static func cluster(heard: Int64? = 9_990, environment: String? = "production") -> ClusterReading {
        ClusterReading(
            name: "p1", environment: environment, labels: [:], paused: false, declared: true,
            lastContact: heard.map { Timestamp(seconds: $0) }, agentVersion: "1", kubernetesVersion: "v1", applications: ConditionCounts())
    }

    private static func state(
        _ condition: Condition, phase: String, health: String = "Current", message: String = "", counter: Int64 = 7
    ) -> ApplicationState {
        ApplicationState(
            application: "web", cluster: "p1", pipeline: "shop", environment: "production", release: "abcdef0123", commit: "c0ffee",
            generation: Generation(epoch: 1, counter: 7), bundle: "sha256:0", intent: "apply", dependsOn: ["database"],
            observed: ApplicationState.Observed(
                generation: Generation(epoch: 1, counter: counter), phase: phase, health: health, message: message,
                object: "apps/Deployment shop/web",
                objectsTotal: 3, objectsCurrent: 2, since: Timestamp(seconds: 9_940), reportedAt: Timestamp(seconds: 9_990)),
            condition: condition)
    }

    private static func explain(_ change: (inout Why.Facts) -> Void) -> (Why.Verdict, String) {
        var facts = Why.Facts(application: "web", cluster: "p1", now: now, reading: cluster())
        change(&facts)
        let explanation = Why.explain(facts)
        return (explanation.verdict, explanation.lines.joined(separator: "\n"))
    }

    @Test func saysThatHealingIsPaused() {
        let pause = DriftPause(application: "web", until: Timestamp(seconds: 13_600), reason: "incident 42", requestedBy: "ada")
        let (verdict, text) = Self.explain {
            $0.state = Self.state(.current, phase: "synced")
            $0.pause = DriftPauseReading(
                cluster: "p1", stage: StageID(pipeline: "shop", environment: "production"), pause: pause, askedAt: Self.now, heldAt: nil)
        }
        #expect(verdict == .inPlace)
        #expect(text.contains("drift is not healed until 1970-01-01T03:46:40Z: paused by ada: incident 42"))
    }

    @Test func saysWhatFails() {
        let (verdict, text) = Self.explain { $0.state = Self.state(.failed, phase: "failed", health: "Failed", message: "no image") }
        #expect(verdict == .failing)
        #expect(text.hasPrefix("web fails since 60 s ago: apps/Deployment shop/web: no image\n"))
        #expect(text.contains("2 of 3 objects are Current"))
    }

    @Test func saysWhatItWaitsFor() {
        let (verdict, text) = Self.explain {
            $0.state = Self.state(.progressing, phase: "waiting")
            var dependency = Self.state(.progressing, phase: "synced", health: "InProgress")
            dependency.application = "database"
            $0.dependencies = [dependency]
        }
        #expect(verdict == .waiting && text.hasPrefix("waits for database (InProgress)"))
    }

    @Test func tellsAnAbsentAgentFromASlowOne() {
        let slow = Self.explain { $0.state = Self.state(.progressing, phase: "synced", counter: 6) }
        #expect(slow.0 == .rollingOut && slow.1.contains("has not reported on it yet"))
        let absent = Self.explain {
            $0.reading = Self.cluster(heard: 2_800)
            $0.state = Self.state(.progressing, phase: "synced", counter: 6)
        }
        #expect(absent.0 == .waiting && absent.1.contains("was last heard 2 h ago"))
    }

    @Test func saysWhyItIsNotHere() {
        let placement = ReadApplications.Placement(
            pipeline: "shop", sequence: 1, release: "abc", environment: nil, environments: ["staging"])
        let elsewhere = Self.explain { $0.placement = placement }
        #expect(elsewhere.0 == .notSelected && elsewhere.1.contains("no stage for environment production"))
        let homeless = Self.explain {
            $0.placement = placement
            $0.reading = Self.cluster(environment: nil)
        }
        #expect(homeless.0 == .notSelected && homeless.1.contains("belongs to no environment"))
        #expect(Self.explain { $0.reading = nil }.0 == .unknown)
        #expect(Self.explain { _ in }.0 == .unknown)
    }

    @Test func saysTimesForPeople() {
        let cases: [(Int64, String)] = [
            (0, "0 s ago"), (119, "119 s ago"), (120, "2 min ago"), (7_199, "119 min ago"), (7_200, "2 h ago"), (172_800, "2 d ago"),
        ]
        for (seconds, text) in cases {
            #expect(Why.ago(Timestamp(seconds: 1_000_000 - seconds), Timestamp(seconds: 1_000_000)) == text)
        }
        #expect(Why.ago(Timestamp(seconds: 10), Timestamp(seconds: 0)) == "0 s ago")
    }
}
