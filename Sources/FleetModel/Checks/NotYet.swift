// SPDX-License-Identifier: Apache-2.0
import Manifests

/// What declarations can say but this version does not act on: refused, because to ignore it silently would be worse.
///
/// Each line goes when its feature comes.
enum NotYet {
    private struct Rule {
        let kind: Kind
        /// Keys from the document's root, joined by `.`; `*` is every item of a list. Empty for the whole kind.
        let path: String
        let what: String
        /// Values that are acted on, or that ask for nothing.
        var supported: @Sendable (Value) -> Bool = { _ in false }
    }

    private static let rules = [
        Rule(kind: .application, path: "spec.source.helm", what: "rendering Helm charts"),
        Rule(kind: .application, path: "spec.movedFrom", what: "renaming an application", supported: isEmpty),

        Rule(kind: .environment, path: "spec.rollout.onFailure", what: "rolling back by itself", supported: { $0 == "hold" }),
        Rule(kind: .environment, path: "spec.windows", what: "windows for rollouts", supported: isEmpty),

        Rule(kind: .pipeline, path: "spec.source.repository", what: "releases from other repositories"),
        Rule(kind: .pipeline, path: "spec.record.mode", what: "recording by pull request", supported: { $0 == "commit" }),
        Rule(kind: .pipeline, path: "spec.stages.*.promotion.gates", what: "gates by webhook", supported: isEmpty),
        Rule(
            kind: .pipeline, path: "spec.stages.*.promotion.approvals.required", what: "more than one approval",
            supported: { $0 == 0 || $0 == 1 }),
        Rule(kind: .pipeline, path: "spec.stages.*.promotion.approvals.from", what: "approvals by group", supported: isEmpty),
        Rule(
            kind: .pipeline, path: "spec.stages.*.promotion.approvals.notAuthor", what: "keeping authors from approving",
            supported: isFalse),
        Rule(kind: .pipeline, path: "spec.stages.*.verify.*.prometheus", what: "verifying by metrics"),
        Rule(kind: .pipeline, path: "spec.stages.*.verify.*.job", what: "verifying by jobs"),
        Rule(kind: .pipeline, path: "spec.stages.*.preempt", what: "interrupting a rollout", supported: isFalse),
        Rule(kind: .pipeline, path: "spec.stages.*.images", what: "acting on images that changed", supported: { $0 == "warn" }),

        Rule(kind: .repository, path: "spec.credential", what: "releases from other repositories"),
        Rule(kind: .repository, path: "spec.knownHosts", what: "releases from other repositories"),
        Rule(kind: .notification, path: "", what: "notifications"),
    ]

    private static let isFalse: @Sendable (Value) -> Bool = { $0 == false }
    private static let isEmpty: @Sendable (Value) -> Bool = { $0 == [] }

    static func check(_ kind: Kind, _ value: Value, _ document: SourceDocument) {
        for rule in rules where rule.kind == kind {
            if rule.path.isEmpty {
                document.add(.error, "not-yet", "kind \(kind.rawValue) is not supported yet (\(rule.what))", at: ["kind"])
            } else {
                check(rule, rule.path.split(separator: ".")[...], value, [], document)
            }
        }
    }

    private static func check(
        _ rule: Rule, _ rest: ArraySlice<Substring>, _ value: Value, _ path: [PathStep], _ document: SourceDocument
    ) {
        guard let step = rest.first else {
            guard !value.isNull, !rule.supported(value) else { return }
            let name = rule.path.split(separator: ".").last.map(String.init) ?? rule.path
            document.add(.error, "not-yet", "'\(name)' is not supported yet (\(rule.what))", at: path, part: .key)
            return
        }
        if step == "*" {
            for (index, item) in (value.list ?? []).enumerated() {
                check(rule, rest.dropFirst(), item, path + [.index(index)], document)
            }
        } else if let member = value[String(step)] {
            check(rule, rest.dropFirst(), member, path + [.key(String(step))], document)
        }
    }
}
