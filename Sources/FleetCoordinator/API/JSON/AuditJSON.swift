// SPDX-License-Identifier: Apache-2.0
import Manifests

extension AuditLink {
    var json: Value {
        func state(_ text: String?) -> Value {
            guard let text else { return .null }
            return (try? JSON.read(Array(text.utf8))) ?? .string(text)
        }
        return .map([
            "sequence": .int(sequence), "at": Value(Timestamp(milliseconds: at)), "actor": .string(actor), "means": .string(means),
            "address": Value(address), "action": .string(action), "target": .string(target), "outcome": .string(outcome),
            "reason": .string(reason), "commit": Value(commit), "before": state(before), "after": state(after), "hash": .string(hash),
        ])
    }
}

extension JournalledHead {
    var json: Value {
        .map([
            "branch": .string(branch), "commit": .string(commit), "epoch": .int(epoch), "sequence": .int(sequence), "hash": .string(hash),
        ])
    }
}

extension AuditBreak {
    var json: Value { .map(["kind": .string(kind.rawValue), "sequence": .int(sequence), "reason": .string(reason)]) }
}

extension AuditReport {
    /// Journals may know thousands of heads: all are counted, few are shown.
    static let shownMax = 20

    var json: Value {
        .map([
            "intact": .bool(isIntact), "from": .int(from), "through": .int(through), "entries": .int(entries), "hash": .string(hash),
            "sealsChecked": .bool(checkedSeals), "broken": broken?.json ?? .null,
            "anchor": anchor.map {
                .map([
                    "sequence": .int($0.sequence), "hash": .string($0.hash), "at": Value($0.at), "export": .string($0.export),
                ])
            } ?? .null,
            "journals": .map([
                "matching": .int(matching.count), "newestMatching": matching.last?.json ?? .null,
                "contradicting": .int(contradicting.count),
                "contradictions": .list(contradicting.prefix(Self.shownMax).map(\.json)), "pruned": .int(pruned.count),
                "later": .int(later.count),
                "otherDatabases": .int(foreign.count),
            ]),
        ])
    }
}

extension AuditService.Verification {
    var json: Value {
        var value = report.json
        value["at"] = Value(at)
        var read = value["journals"] ?? .null
        read["unsigned"] = .int(journals.unsigned)
        read["partial"] = .bool(journals.isPartial)
        read["failure"] = .string(journals.failure)
        value["journals"] = read
        return value
    }
}
