// SPDX-License-Identifier: Apache-2.0
import Manifests

/// Which resources a patch is for. What is not given matches everything.
struct Selector: Sendable {
    enum Requirement: Sendable, Hashable {
        case exists(String)
        case absent(String)
        case equals(String, String)
        case differs(String, String)
    }

    var group: String?
    var version: String?
    var kind: Pattern?
    var name: Pattern?
    var namespace: Pattern?
    var labels: [Requirement] = []
    var annotations: [Requirement] = []

    /// Whether the resource, under its present or an earlier identity, is meant.
    func matches(_ resource: Resource) -> Bool {
        guard ([resource.id] + resource.previous).contains(where: matches) else { return false }
        return Self.hold(labels, in: resource.value.at("metadata", "labels"))
            && Self.hold(annotations, in: resource.value.at("metadata", "annotations"))
    }

    private func matches(_ id: ResourceID) -> Bool {
        if let group, group != id.group { return false }
        if let version, version != id.version { return false }
        if let kind, !kind.matches(id.kind) { return false }
        if let name, !name.matches(id.name) { return false }
        if let namespace, !namespace.matches(id.effectiveNamespace) { return false }
        return true
    }

    private static func hold(_ requirements: [Requirement], in map: Value?) -> Bool {
        requirements.allSatisfy { requirement in
            switch requirement {
            case .exists(let key): map?[key] != nil
            case .absent(let key): map?[key] == nil
            case .equals(let key, let value): map?[key]?.scalarText == value
            case .differs(let key, let value): map?[key]?.scalarText != value
            }
        }
    }

    /// Reads `a=b,c!=d,e,!f`; `nil` for set-based requirements.
    static func requirements(_ text: String) -> [Requirement]? {
        var result: [Requirement] = []
        for part in text.split(separator: ",") {
            let part = part.trimming()
            guard !part.contains(where: { $0 == " " || $0 == "(" || $0 == "<" || $0 == ">" }) || part.contains("=") else { return nil }
            if let equals = part.firstIndex(of: "=") {
                var key = part[..<equals]
                var value = part[part.index(after: equals)...]
                if value.first == "=" { value = value.dropFirst() }
                let differs = key.last == "!"
                if differs { key = key.dropLast() }
                let (name, wanted) = (String(key.trimming()), String(value.trimming()))
                result.append(differs ? .differs(name, wanted) : .equals(name, wanted))
            } else if part.first == "!" {
                result.append(.absent(String(part.dropFirst().trimming())))
            } else if !part.isEmpty {
                result.append(.exists(String(part)))
            }
        }
        return result
    }
}

extension Substring {
    fileprivate func trimming() -> Substring {
        var text = drop { $0 == " " }
        while text.last == " " { text = text.dropLast() }
        return text
    }
}
