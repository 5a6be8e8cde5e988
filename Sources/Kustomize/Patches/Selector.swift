// SPDX-License-Identifier: Apache-2.0
import Manifests
import RegularExpressions

/// Says which resources something applies to: the `target` of a patch.
///
/// Group, version, kind, name and namespace are regular expressions that must match as a whole; what is not said matches everything. Names
/// and namespaces are compared with the first and the present ones of a resource, group, version and kind with the present ones. Follows
/// kustomize's `ResMap.Select`.
struct Selector: Sendable {
    /// The members of a selector in YAML.
    static let fields = ["group", "version", "kind", "name", "namespace", "labelSelector", "annotationSelector"]

    private let group: Pattern
    private let version: Pattern
    private let kind: Pattern
    private let name: Pattern
    private let namespace: Pattern
    private let labels: Requirement
    private let annotations: Requirement

    /// A label selector. One that is malformed is refused when it is first needed, as in kustomize: what nothing else matches, no labels are
    /// compared with.
    private enum Requirement: Sendable {
        case none
        case selector(LabelSelector)
        case malformed(KustomizeFailure)

        func holds(_ texts: Map?) throws(KustomizeFailure) -> Bool {
            switch self {
            case .none: true
            case .selector(let selector): selector.matches(texts)
            case .malformed(let failure): throw failure
            }
        }
    }

    /// Reads the map at `node`; members other than `fields` are passed over.
    init(_ node: Node) throws(KustomizeFailure) {
        _ = try node.map()
        group = try Pattern(node, "group")
        version = try Pattern(node, "version")
        kind = try Pattern(node, "kind")
        name = try Pattern(node, "name")
        namespace = try Pattern(node, "namespace")
        labels = try Self.labels(node, "labelSelector")
        annotations = try Self.labels(node, "annotationSelector")
    }

    private static func labels(_ node: Node, _ key: String) throws(KustomizeFailure) -> Requirement {
        guard let member = node[key] else { return .none }
        let text = try member.string()
        do throws(LabelSelector.Malformed) {
            let selector = try LabelSelector(text)
            return selector.requirements.isEmpty ? .none : .selector(selector)
        } catch {
            return .malformed(member.failure("invalid-selector", "\(key): \(error.message)"))
        }
    }

    /// The resources that are meant, in their order.
    func select(from resources: [Resource]) throws(KustomizeFailure) -> [Resource] {
        var selected: [Resource] = []
        for resource in resources where try matches(resource) { selected.append(resource) }
        return selected
    }

    func matches(_ resource: Resource) throws(KustomizeFailure) -> Bool {
        let current = resource.id
        // The cheapest and most telling first: this is asked of every resource for every patch.
        guard kind.matches(current.kind) else { return false }
        let original = resource.formers.isEmpty ? current : resource.originalID
        guard name.matches(original.name) || name.matches(current.name),
            namespace.isAny || namespace.matches(Self.namespace(original)) || namespace.matches(Self.namespace(current)),
            group.matches(current.group), version.matches(current.version)
        else { return false }
        guard try labels.holds(resource.texts("labels")) else { return false }
        return try annotations.holds(resource.texts("annotations"))
    }

    /// What kustomize compares a namespace with: kinds that have none match patterns for any, but not the empty text.
    private static func namespace(_ id: ResourceID) -> String { id.isClusterScoped ? "_non_namespaceable_" : id.effectiveNamespace }
}

extension Selector {
    /// A regular expression that must match a whole text.
    private enum Pattern: Sendable {
        case any
        case exactly(String)
        case expression(RegularExpression)

        init(_ node: Node, _ key: String) throws(KustomizeFailure) {
            let text = try node.text(key)
            if text.isEmpty {
                self = .any
            } else if text.utf8.allSatisfy(Self.isPlain) {
                self = .exactly(text)
            } else {
                do throws(RegularExpressionError) {
                    self = .expression(try RegularExpression("^(?:\(text))$"))
                } catch {
                    throw (node[key] ?? node).failure("invalid-pattern", "\(key) is no regular expression: \(error)")
                }
            }
        }

        var isAny: Bool { if case .any = self { true } else { false } }

        func matches(_ text: String) -> Bool {
            switch self {
            case .any: true
            case .exactly(let wanted): text == wanted
            case .expression(let expression): expression.matches(text)
            }
        }

        /// Whether the byte means itself in a regular expression.
        private static func isPlain(_ byte: UInt8) -> Bool {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "/"):
                true
            default: false
            }
        }
    }
}
