// SPDX-License-Identifier: Apache-2.0
import HTTPTransport
import KubernetesAPI
import Manifests

/// Why an object could not be applied, and what happens next.
struct ApplyFailure: Error, Sendable, Hashable, CustomStringConvertible {
    enum Course: Sendable, Hashable {
        /// May heal by itself: tried again soon, after at least this long.
        case retry(after: Duration?)
        /// Somebody has to change something: tried again on a new generation, or slowly.
        case wait
        /// A person may overrule it.
        case hold
    }

    var identity: ObjectIdentity?
    var message: String
    var course: Course
    /// Whether another application has the object.
    var isOwnership = false
    /// Whether the namespace that the object belongs into does not exist.
    var isNamespaceMissing = false
    /// Whether a field was changed that cannot change.
    var isImmutable = false
    /// Whether an object could not be decrypted with the keys at hand.
    var needsKeys = false

    var description: String { identity.map { "\($0): \(message)" } ?? message }

    var isRetryable: Bool { if case .retry = course { true } else { false } }

    init(_ identity: ObjectIdentity?, _ message: String, _ course: Course) {
        self.identity = identity
        self.message = message
        self.course = course
    }

    /// Puts an API server's refusal into words.
    init(_ identity: ObjectIdentity?, _ error: KubernetesError) {
        let causes = error.causes.prefix(5).map { cause in
            let message = Self.shortened(cause.message)
            return cause.field.isEmpty ? message : "\(cause.field): \(message)"
        }.joined(separator: "; ")
        let whole = Self.shortened(error.message)
        let text: String
        var isImmutable = false
        if error.isConflict, !error.causes.isEmpty {
            text = "conflicts with other field managers: \(causes); set sync.force: true to take the fields over"
        } else if error.isInvalid {
            isImmutable = (error.causes.map(\.message) + [error.message]).contains(where: Self.tellsOfImmutability)
            text =
                isImmutable
                ? "a field that cannot change was changed: \(causes.isEmpty ? whole : causes); the object is deleted and made "
                    + "again only where it is annotated \(ObjectDirectives.Own.replace): allowed"
                : "not valid: \(causes.isEmpty ? whole : causes)"
        } else if error.isForbidden {
            text = "refused: \(error.message)"
        } else {
            text = error.code == 0 ? error.message : "\(error.code) \(error.reason): \(error.message)"
        }
        self.init(identity, text, Self.course(error))
        self.isImmutable = isImmutable
        isNamespaceMissing = error.isNotFound && error.kind == "namespaces"
    }

    /// API servers print the whole rejected value, a screen full for a pod template, between what it is and what is wrong with it.
    private static func shortened(_ message: String) -> String {
        message.count <= 300 ? message : "\(message.prefix(100)) … \(message.suffix(160))"
    }

    /// How API servers say it, which depends on the kind: there is no reason or code for it.
    private static func tellsOfImmutability(_ message: String) -> Bool {
        [
            "immutable", "may not change once set", "updates to statefulset spec", "updates may not change fields", "cannot change",
            "updates to",
        ]
        .contains { message.contains($0) }
    }

    static func course(_ error: KubernetesError) -> Course {
        if error.isConflict, !error.causes.isEmpty { return .hold }
        // No answer at all, a credential that is being replaced, a namespace that is on its way out, a webhook or a definition that is
        // not served yet: these pass without anybody changing the application.
        let isServers = error.code == 0 || error.isUnauthorized || error.isRetryable
        let passes =
            isServers || error.isNamespaceTerminating || error.isUnknownResource || error.isConflict || error.isNotFound
            || error.isAlreadyExists
        return passes ? .retry(after: error.retryAfter) : .wait
    }
}

/// When a sync that did not succeed is tried again.
struct RetryPlan: Sendable, Hashable {
    /// Failures that a new attempt alone cannot mend are looked at this often.
    static let slow = Duration.seconds(300)

    private(set) var failures = 0

    /// The time to the next attempt.
    /// - Parameter share: 0...1, chance's part: takes up to a fifth off the delay.
    mutating func next(after failure: ApplyFailure.Course, limit: Int, base: Duration, cap: Duration, share: Double) -> Duration {
        failures += 1
        guard case .retry(let after) = failure else { return Self.slow }
        var delay = base
        for _ in 1..<max(1, min(failures, 32)) where delay < cap { delay *= 2 }
        delay = min(delay, cap)
        // Past its limit an application is still tried, at its slowest pace: a cluster that comes back must converge.
        if failures > limit { delay = max(cap, delay) }
        return max(delay * (1 - 0.2 * min(max(share, 0), 1)), after ?? .zero)
    }

    mutating func reset() { failures = 0 }
}
