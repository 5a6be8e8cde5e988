// SPDX-License-Identifier: Apache-2.0
import Manifests

/// What a checker found.
struct Verdict: Sendable, CustomStringConvertible {
    enum Rule: String, Sendable, CaseIterable {
        /// Whatever was applied is what a record of the cluster's stage declares.
        case recordedContent = "only recorded content was applied"
        /// Nothing was applied before its record was visible.
        case recordFirst = "the record came before every write"
        /// No object went back to what an earlier record declares.
        case noWayBack = "nothing was applied twice with different content"
        case deletions = "nothing was deleted that no release dropped"
        case verifiedFirst = "production never got an unverified release"
        case maxUnavailable = "maxUnavailable held"
        case waveOrder = "waves came in order, after their soak"
        case history = "every decision was recorded once"
        case convergence = "every cluster ended with what its newest record declares"
    }

    struct Violation: Sendable, CustomStringConvertible {
        var rule: Rule
        var text: String
        var description: String { "\(rule.rawValue): VIOLATED: \(text)" }
    }

    private(set) var violations: [Violation] = []
    /// How often each rule had something to judge.
    private(set) var judged: [Rule: Int] = [:]

    var isClean: Bool { violations.isEmpty }

    mutating func judge(_ rule: Rule, _ holds: Bool, _ text: String) {
        judged[rule, default: 0] += 1
        if !holds { violations.append(Violation(rule: rule, text: text)) }
    }

    func violations(of rule: Rule) -> [Violation] { violations.filter { $0.rule == rule } }

    mutating func add(_ other: Verdict) {
        violations += other.violations
        judged.merge(other.judged, uniquingKeysWith: +)
    }

    var description: String {
        let rules = Rule.allCases.filter { judged[$0, default: 0] > 0 }.map { rule in
            let count = violations(of: rule).count
            let text = rule.rawValue.padding(to: 58)
            return "  \(text) \(count == 0 ? "yes" : "NO: \(count)")  (judged \(judged[rule, default: 0]) times)"
        }
        return (rules + violations.prefix(40).map { "  \($0)" }).joined(separator: "\n")
    }
}

extension String {
    func padding(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
}
