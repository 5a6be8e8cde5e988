// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import KubernetesAPI
import Manifests

extension Health {
    /// The health of an object by an application's own rules for its kind, where there are some.
    ///
    /// They stand in for the kind's rule and its conditions. That an object is being deleted, or that its controller has not seen its latest
    /// generation, counts before them.
    static func of(_ object: Value, at now: Timestamp, rules: [HealthRule]) -> Health {
        let health = Health.of(object, at: now)
        guard !rules.isEmpty else { return health }
        let group = ObjectIdentity.group(ofAPIVersion: object["apiVersion"]?.string ?? "")
        let kind = object["kind"]?.string ?? ""
        let mine = rules.filter { $0.kind == kind && $0.group == group }
        guard !mine.isEmpty, health.status != .terminating, health.reason != "LatestGenerationNotObserved" else { return health }
        for rule in mine {
            guard let failed = rule.failed, failed.comparison.holds(for: value(at: failed.path, in: object)) else { continue }
            return Health(.failed, reason: "HealthRule", message: words(failed.path, object, kind: (group, kind)))
        }
        for rule in mine where !rule.comparison.holds(for: value(at: rule.path, in: object)) {
            return Health(
                .inProgress, reason: "HealthRule",
                message: "\(words(rule.path, object, kind: (group, kind))), waits for \(rule.comparison.wanted)")
        }
        return Health(.current, message: "\(kind) is as its health rules want it")
    }

    /// A malformed pointer, which declarations cannot have, finds nothing.
    private static func value(at path: String, in object: Value) -> Value? {
        (try? JSONPointer(parsing: path)).flatMap { $0.resolve(in: object) }
    }

    private static func words(_ path: String, _ object: Value, kind: (String, String)) -> String {
        guard let value = value(at: path, in: object), !value.isNull else { return "\(path) is not set" }
        // What a Secret holds is told to nobody.
        if kind == ("", "Secret") { return "\(path) is not as wanted" }
        return "\(path) is \(value.brief)"
    }
}

extension HealthRule.Comparison {
    fileprivate var wanted: String {
        switch self {
        case .equals(let value): value.brief
        case .notEquals(let value): "another value than \(value.brief)"
        case .oneOf(let values): "one of \(values.prefix(5).map(\.brief).joined(separator: ", "))"
        }
    }
}

extension Value {
    fileprivate var brief: String {
        switch self {
        case .string(let text): "'\(text.prefix(100))'"
        case .null, .bool, .int, .decimal: String(decoding: JSON.write(self), as: UTF8.self)
        case .list: "a list"
        case .map: "a map"
        }
    }
}
