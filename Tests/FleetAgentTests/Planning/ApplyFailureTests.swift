// SPDX-License-Identifier: Apache-2.0
import HTTPTransport
import KubernetesAPI
import Manifests
import Testing

@testable import FleetAgent

@Suite struct ApplyFailureTests {
    private static func error(
        _ code: Int, _ reason: String = "", causes: [KubernetesError.Cause] = [], retryAfter: Duration? = nil, name: String = "web"
    ) -> KubernetesError {
        KubernetesError(
            operation: "PATCH /x", code: code, reason: reason, message: "said so", causes: causes, name: name, retryAfter: retryAfter)
    }

    @Test("What may pass is tried again, what cannot waits, what a person may overrule is held")
    func courses() {
        #expect(ApplyFailure.course(Self.error(503)) == .retry(after: nil))
        #expect(ApplyFailure.course(Self.error(429, retryAfter: .seconds(7))) == .retry(after: .seconds(7)))
        #expect(ApplyFailure.course(Self.error(500, "InternalError")) == .retry(after: nil))
        #expect(ApplyFailure.course(Self.error(422, "Invalid")) == .wait)
        #expect(ApplyFailure.course(Self.error(403, "Forbidden")) == .wait)
        #expect(
            ApplyFailure.course(
                Self.error(403, "Forbidden", causes: [.init(field: "", reason: "NamespaceTerminating", message: "")]))
                == .retry(after: nil))
        let conflict = Self.error(
            409, "Conflict", causes: [.init(field: ".spec.replicas", reason: "FieldManagerConflict", message: "conflict with \"hand\"")])
        #expect(ApplyFailure.course(conflict) == .hold)
        #expect(ApplyFailure(nil, conflict).message.contains(".spec.replicas: conflict with \"hand\""))
        #expect(ApplyFailure(nil, conflict).message.contains("sync.force"))
        let gone = KubernetesError(
            operation: "x", code: 0, message: "refused", transport: HTTPError(kind: .connect, message: "refused", isRetryable: true))
        #expect(ApplyFailure.course(gone) == .retry(after: nil))
        let untrusted = KubernetesError(
            operation: "x", code: 0, message: "no", transport: HTTPError(kind: .tls, message: "no", isRetryable: false))
        #expect(ApplyFailure.course(untrusted) == .retry(after: nil))
        #expect(ApplyFailure.course(Self.error(401, "Unauthorized")) == .retry(after: nil))
    }

    @Test(
        "A field that cannot change is told from one that is wrong",
        arguments: [
            ("spec.template: Invalid value: {}: field is immutable", true),
            ("spec: Forbidden: updates to statefulset spec for fields other than 'replicas' are forbidden", true),
            ("spec.clusterIPs[0]: Invalid value: may not change once set", true),
            ("roleRef: Invalid value: cannot change roleRef", true), ("spec.replicas: Invalid value: must be positive", false),
        ])
    func immutable(message: String, isImmutable: Bool) {
        let causes = [KubernetesError.Cause(field: "spec.x", reason: "FieldValueInvalid", message: message)]
        let failure = ApplyFailure(nil, Self.error(422, "Invalid", causes: causes))
        #expect(failure.isImmutable == isImmutable && failure.course == .wait)
        #expect(failure.message.contains("spec.x: \(message)"))
        #expect(failure.message.contains("flotilla.dev/replace") == isImmutable)
    }

    @Test("Delays double up to the cap, and obey Retry-After")
    func delays() {
        var plan = RetryPlan()
        func next(_ course: ApplyFailure.Course = .retry(after: nil)) -> Duration {
            plan.next(after: course, limit: 3, base: .seconds(1), cap: .seconds(10), share: 0)
        }
        #expect([next(), next(), next()] == [.seconds(1), .seconds(2), .seconds(4)])
        #expect(next() == .seconds(10))
        #expect(next(.retry(after: .seconds(60))) == .seconds(60))
        #expect(next(.wait) == RetryPlan.slow)
        plan.reset()
        #expect(next() == .seconds(1))
    }
}
