// SPDX-License-Identifier: Apache-2.0

import Manifests

/// A label selector in its text form: `tier in (a,b),!x,n>2`.
struct LabelSelector: Sendable {
    enum Requirement: Sendable {
        case exists(String)
        case absent(String)
        case among(String, Set<String>)
        case notAmong(String, Set<String>)
        case greater(String, Int64)
        case less(String, Int64)
    }

    var requirements: [Requirement] = []

    init() {}

    init(parsing text: String) throws(StatusError) {
        var rest = Substring(text)
        func skip() { rest = rest.drop { $0 == " " } }
        func word() -> String {
            skip()
            let found = rest.prefix { !"=!<>(), ".contains($0) }
            rest = rest.dropFirst(found.count)
            return String(found)
        }
        func found() -> String {
            skip()
            guard let first = rest.first else { return "" }
            for sign in ["==", "!=", "=", "!", "<", ">", "(", ")", ","] where rest.hasPrefix(sign) { return sign }
            return String(first)
        }
        func complain(_ expected: String) -> StatusError {
            .badRequest("found '\(found())', expected: \(expected)")
        }
        func values() throws(StatusError) -> Set<String> {
            skip()
            guard rest.first == "(" else { throw complain("'('") }
            rest = rest.dropFirst()
            var set: Set<String> = []
            while true {
                set.insert(word())
                skip()
                if rest.first == "," {
                    rest = rest.dropFirst()
                } else if rest.first == ")" {
                    rest = rest.dropFirst()
                    return set
                } else {
                    throw complain("',' or ')'")
                }
            }
        }
        skip()
        while !rest.isEmpty {
            skip()
            if rest.first == "!" {
                rest = rest.dropFirst()
                let key = word()
                if key.isEmpty { throw complain("identifier") }
                requirements.append(.absent(key))
            } else {
                let key = word()
                if key.isEmpty { throw complain("!, identifier, or 'end of string'") }
                skip()
                if rest.isEmpty || rest.first == "," {
                    requirements.append(.exists(key))
                } else if rest.hasPrefix("==") || (rest.hasPrefix("=")) {
                    rest = rest.dropFirst(rest.hasPrefix("==") ? 2 : 1)
                    requirements.append(.among(key, [word()]))
                } else if rest.hasPrefix("!=") {
                    rest = rest.dropFirst(2)
                    requirements.append(.notAmong(key, [word()]))
                } else if rest.hasPrefix(">") || rest.hasPrefix("<") {
                    let isGreater = rest.hasPrefix(">")
                    rest = rest.dropFirst()
                    guard let number = Int64(word()) else {
                        throw StatusError.badRequest("for 'Gt', 'Lt' operators, the value must be an integer")
                    }
                    requirements.append(isGreater ? .greater(key, number) : .less(key, number))
                } else {
                    let operation = word()
                    switch operation {
                    case "in": requirements.append(.among(key, try values()))
                    case "notin": requirements.append(.notAmong(key, try values()))
                    default:
                        throw StatusError.badRequest(
                            "unable to parse requirement: found '\(operation.isEmpty ? found() : operation)', expected: in, notin, =, ==, !=, gt, lt"
                        )
                    }
                }
            }
            skip()
            if rest.first == "," {
                rest = rest.dropFirst()
                skip()
                if rest.isEmpty { throw StatusError.badRequest("found '', expected: identifier after ','") }
            } else if !rest.isEmpty {
                throw complain("',' or 'end of string'")
            }
        }
    }

    /// Reads `matchLabels` and `matchExpressions`.
    init(object: Value?) {
        for entry in object?["matchLabels"]?.map ?? Map() { requirements.append(.among(entry.key, [entry.value.string ?? ""])) }
        for expression in object?["matchExpressions"]?.list ?? [] {
            let key = expression["key"]?.string ?? ""
            let values = Set(expression["values"]?.list?.compactMap(\.string) ?? [])
            switch expression["operator"]?.string {
            case "In": requirements.append(.among(key, values))
            case "NotIn": requirements.append(.notAmong(key, values))
            case "Exists": requirements.append(.exists(key))
            case "DoesNotExist": requirements.append(.absent(key))
            default: break
            }
        }
    }

    var isEmpty: Bool { requirements.isEmpty }

    func matches(_ labels: Map) -> Bool {
        requirements.allSatisfy { requirement in
            switch requirement {
            case .exists(let key): labels[key] != nil
            case .absent(let key): labels[key] == nil
            case .among(let key, let values): labels[key]?.string.map(values.contains) ?? false
            case .notAmong(let key, let values): !(labels[key]?.string.map(values.contains) ?? false)
            case .greater(let key, let bound): labels[key]?.string.flatMap { Int64($0) }.map { $0 > bound } ?? false
            case .less(let key, let bound): labels[key]?.string.flatMap { Int64($0) }.map { $0 < bound } ?? false
            }
        }
    }
}

/// A field selector: `metadata.name=a,status.phase!=Running`.
struct FieldSelector: Sendable {
    var terms: [(path: [String], value: String, equal: Bool)] = []

    init() {}

    init(parsing text: String, for type: ResourceType) throws(StatusError) {
        for part in text.split(separator: ",") {
            let equal: Bool
            let pieces: [Substring]
            if let range = part.firstRange(of: "!=") {
                equal = false
                pieces = [part[..<range.lowerBound], part[range.upperBound...]]
            } else if let range = part.firstRange(of: "==") ?? part.firstRange(of: "=") {
                equal = true
                pieces = [part[..<range.lowerBound], part[range.upperBound...]]
            } else {
                throw StatusError.badRequest("invalid selector: '\(text)'; can't understand '\(part)'")
            }
            let field = pieces[0].trimmed
            guard Self.known(type).contains(field) else {
                let names = type.isNamespaced ? "\"metadata.name\", \"metadata.namespace\"" : "\"metadata.name\""
                throw StatusError.badRequest("\"\(field)\" is not a known field selector: only \(names)")
            }
            terms.append((field.split(separator: ".").map(String.init), pieces[1].trimmed, equal))
        }
    }

    private static func known(_ type: ResourceType) -> Set<String> {
        let extra: [String] =
            switch type.kind {
            case "Pod":
                [
                    "spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName", "spec.hostNetwork",
                    "status.phase",
                    "status.podIP", "status.nominatedNodeName",
                ]
            case "Secret": ["type"]
            case "Namespace": ["status.phase"]
            case "Node": ["spec.unschedulable"]
            case "Service": ["spec.clusterIP", "spec.type"]
            case "Job": ["status.successful"]
            case "ReplicaSet", "ReplicationController": ["status.replicas"]
            case "Event":
                [
                    "involvedObject.kind", "involvedObject.namespace", "involvedObject.name", "involvedObject.uid",
                    "involvedObject.apiVersion", "involvedObject.resourceVersion", "involvedObject.fieldPath", "reason",
                    "reportingComponent",
                    "source", "type",
                ]
            default: []
            }
        return Set(["metadata.name", "metadata.namespace"] + extra)
    }

    func matches(_ object: Value) -> Bool {
        terms.allSatisfy { term in
            let actual: String =
                switch object.at(path: term.path) {
                case .string(let text)?: text
                case .int(let number)?: String(number)
                case .bool(let flag)?: String(flag)
                default: ""
                }
            return (actual == term.value) == term.equal
        }
    }
}
