// SPDX-License-Identifier: Apache-2.0
import Manifests

/// An object's annotations, with the ways to read their values.
struct Annotations {
    private let map: Map

    init(_ object: Value) { map = object.at("metadata", "annotations")?.map ?? Map() }

    var isEmpty: Bool { map.isEmpty }

    /// The value without blanks around it. A value that is no text is read as an empty one.
    subscript(name: String) -> String? { map[name].map { Self.trimmed(Substring($0.string ?? "")) } }

    /// The words of a list written with commas.
    static func words(_ text: String) -> [String] { text.split(separator: ",").map(trimmed).filter { !$0.isEmpty } }

    private static func trimmed(_ text: Substring) -> String {
        var text = text
        while let first = text.first, first.isWhitespace { text.removeFirst() }
        while let last = text.last, last.isWhitespace { text.removeLast() }
        return String(text)
    }

    func unknown(_ name: String, _ word: String, _ known: [String]) -> DirectiveError {
        DirectiveError(annotation: name, message: "'\(word.prefix(60))' is not one of \(known.joined(separator: ", "))")
    }

    func choose<Choice>(_ name: String, _ word: String, _ choices: [String: Choice]) throws(DirectiveError) -> Choice {
        guard let choice = choices[word] else { throw unknown(name, word, choices.keys.sorted()) }
        return choice
    }

    func flag(_ name: String, _ word: String) throws(DirectiveError) -> Bool { try choose(name, word, ["true": true, "false": false]) }

    /// Enabled or disabled, in any case.
    func isEnabled(_ name: String, _ word: String) throws(DirectiveError) -> Bool {
        try choose(name, word.lowercased(), ["enabled": true, "disabled": false])
    }

    /// A wave or weight: any whole number that Kubernetes' own integers hold.
    func wave(_ name: String) throws(DirectiveError) -> Int? {
        guard let text = self[name] else { return nil }
        guard let number = Int32(text) else {
            throw DirectiveError(annotation: name, message: "expected a whole number, not '\(text.prefix(60))'")
        }
        return Int(number)
    }

    func requireHook(_ hook: Hook?, _ name: String) throws(DirectiveError) {
        if hook == nil { throw DirectiveError(annotation: name, message: "the object is no hook") }
    }

    func deletePolicies(_ name: String, _ text: String) throws(DirectiveError) -> Set<Hook.DeletePolicy> {
        var policies: Set<Hook.DeletePolicy> = []
        for word in Self.words(text) {
            // Argo CD writes the same words as HookSucceeded.
            guard let policy = Hook.DeletePolicy.allCases.first(where: { $0.rawValue == word || $0.argoName == word }) else {
                throw unknown(name, word, Hook.DeletePolicy.allCases.map(\.rawValue))
            }
            policies.insert(policy)
        }
        return policies.isEmpty ? [.beforeHookCreation] : policies
    }
}
