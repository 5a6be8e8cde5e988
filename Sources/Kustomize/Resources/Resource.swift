// SPDX-License-Identifier: Apache-2.0
import Manifests

/// An object on its way through a build, with what is remembered of its way.
///
/// A reference: transformers change it in place, and whoever holds it sees the change. It never leaves its build.
final class Resource {
    /// A name, namespace and kind that the resource had before a transformer changed them.
    struct Former: Sendable, Hashable {
        var kind: String
        /// The effective one.
        var namespace: String
        var name: String
    }

    /// How a generated resource is combined with one of the same identity.
    enum Behavior: String, Sendable {
        case create, replace, merge
    }

    var value: Value {
        didSet {
            cachedID = nil
            isSettled = false
        }
    }
    /// What patches and references may still call it by, the oldest first.
    private(set) var formers: [Former] = []
    /// What prefix and suffix transformers put before and behind the name, in their order: two resources that share the last ones were named
    /// in the same kustomization.
    var prefixes: [String] = []
    var suffixes: [String] = []
    /// Who refers to it by name: a patch may not delete the prefixes of these. Filled while references are followed.
    var referrers: [ResourceID] = []
    /// The `vars` that take their value from it.
    var variables: [String] = []
    /// A generator's: a hash of the content shall become part of the name.
    var needsHash = false
    var behavior = Behavior.create
    /// The file that it was read from, or whose entry generated it, and which of its documents it is.
    let source: Source
    private var cachedID: ResourceID?
    /// Fields that change together.
    private(set) var sharedTexts = SharedTexts()
    /// Fields that replacements created.
    var untyped = UntypedFields()
    private var isSettled = true

    struct Source: Sendable, Hashable {
        /// From the tree's root.
        var path: String
        /// Counted from 0.
        var document: Int
        /// Where in the document it stands: not at its root for an item of a list.
        var steps: [PathStep] = []
    }

    init(_ value: Value, source: Source) {
        self.value = value
        self.source = source
    }

    /// Everything but the value of another resource, for a value that takes its place.
    func copy(_ value: Value) -> Resource {
        let copy = Resource(value, source: source)
        copy.formers = formers
        copy.prefixes = prefixes
        copy.suffixes = suffixes
        copy.referrers = referrers
        copy.variables = variables
        copy.needsHash = needsHash
        copy.behavior = behavior
        copy.sharedTexts = sharedTexts
        copy.untyped = untyped
        return copy
    }

    /// What it is called now.
    var id: ResourceID {
        if let cachedID { return cachedID }
        let id = ResourceID(value)
        cachedID = id
        return id
    }

    /// What it was called at first.
    var originalID: ResourceID { formers.first.map(identity) ?? id }

    /// All it was ever called before now, the oldest first; group and version are the present ones.
    var formerIDs: [ResourceID] { formers.map(identity) }

    private func identity(_ former: Former) -> ResourceID {
        ResourceID(group: id.group, version: id.version, kind: former.kind, namespace: former.namespace, name: former.name)
    }

    /// Remembers places into which one text was put: see `SharedTexts`.
    func share(_ paths: [[PathStep]], _ text: String) { sharedTexts.add(paths, text) }

    /// Forgets which fields change together or have no type, after the whole value was made anew.
    func unshareTexts() {
        sharedTexts = SharedTexts()
        untyped = UntypedFields()
    }

    /// Lets fields that change together do so; to be called after each transformer.
    func settleSharedTexts() {
        guard !isSettled else { return }
        if !sharedTexts.isEmpty {
            var texts = sharedTexts
            texts.settle(in: self)
            sharedTexts = texts
        }
        isSettled = true
    }

    /// Whether it is or ever was called that, in the sense of `matching`.
    func wasEver(_ matching: (ResourceID) -> Bool) -> Bool { matching(id) || formers.contains { matching(identity($0)) } }

    /// Remembers the present identity before it changes.
    func rememberIdentity() {
        let id = id
        formers.append(Former(kind: id.kind, namespace: id.effectiveNamespace, name: id.name))
        ensureAnnotations()
    }

    /// Takes up what an earlier run of a tool of kustomize's family left in annotations of what the resource was called before.
    func recallIdentities() {
        guard let annotations = texts("annotations"), let names = annotations["internal.config.kubernetes.io/previousNames"]?.string,
            let kinds = annotations["internal.config.kubernetes.io/previousKinds"]?.string,
            let namespaces = annotations["internal.config.kubernetes.io/previousNamespaces"]?.string
        else { return }
        let parts = [names, kinds, namespaces].map { $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init) }
        guard parts[0].count == parts[1].count, parts[0].count == parts[2].count else { return }
        for index in parts[0].indices {
            formers.append(Former(kind: parts[1][index], namespace: parts[2][index], name: parts[0][index]))
        }
    }

    /// Gives the object a map of annotations, be it an empty one, which goes again at the end.
    ///
    /// Kustomize keeps what it remembers of a resource in annotations. So patches of resources that were generated or renamed may add
    /// annotations where those of others fail because there is no map to add to.
    func ensureAnnotations() {
        guard value["metadata"]?["annotations"]?.map == nil else { return }
        if value["metadata"]?.map == nil { value["metadata"] = .map(Map()) }
        value["metadata"]?["annotations"] = .map(Map())
    }

    /// Takes over the memory of a resource that this one replaces or is merged with.
    func inherit(from other: Resource) {
        formers = other.formers
        prefixes = other.prefixes
        suffixes = other.suffixes
        referrers = other.referrers
        variables = other.variables
    }

    var name: String {
        get { id.name }
        set { setMetadata("name", newValue) }
    }

    /// As written; empty where there is none.
    var namespace: String {
        get { id.namespace }
        set { setMetadata("namespace", newValue) }
    }

    private func setMetadata(_ key: String, _ text: String) {
        if value["metadata"]?.map == nil { value["metadata"] = .map(Map()) }
        value["metadata"]?[key] = text.isEmpty ? nil : .string(text)
    }

    /// Labels or annotations as texts; members that are no texts are left out.
    func texts(_ field: String) -> Map? { value["metadata"]?[field]?.map }

    func annotation(_ name: String) -> String? { texts("annotations")?[name]?.scalarText }

    /// Sets or, with `nil`, removes an annotation; an annotations map that becomes empty goes too.
    func setAnnotation(_ name: String, _ text: String?) {
        if value["metadata"]?.map == nil { value["metadata"] = .map(Map()) }
        if let text {
            if value["metadata"]?["annotations"]?.map == nil { value["metadata"]?["annotations"] = .map(Map()) }
            value["metadata"]?["annotations"]?[name] = .string(text)
        } else if value["metadata"]?["annotations"]?.map?[name] != nil {
            value["metadata"]?["annotations"]?[name] = nil
            if value["metadata"]?["annotations"]?.map?.isEmpty == true { value["metadata"]?["annotations"] = nil }
        }
    }
}

extension Resource {
    /// What tools of kustomize's family leave in annotations for each other; never part of a result.
    private static let internalAnnotations: Set<String> = [
        "config.k8s.io/id", "config.kubernetes.io/index", "config.kubernetes.io/path", "internal.config.kubernetes.io/allowKindChange",
        "internal.config.kubernetes.io/allowNameChange", "internal.config.kubernetes.io/annotations-migration-resource-id",
        "internal.config.kubernetes.io/generatorBehavior", "internal.config.kubernetes.io/id", "internal.config.kubernetes.io/index",
        "internal.config.kubernetes.io/needsHashSuffix", "internal.config.kubernetes.io/path", "internal.config.kubernetes.io/prefixes",
        "internal.config.kubernetes.io/previousKinds", "internal.config.kubernetes.io/previousNames",
        "internal.config.kubernetes.io/previousNamespaces", "internal.config.kubernetes.io/refBy",
        "internal.config.kubernetes.io/seqindent", "internal.config.kubernetes.io/suffixes",
    ]

    /// Annotations are texts, whatever YAML took them for; those that are only meant for tools go, and an empty map of them is none.
    func normalizeAnnotations() {
        guard let field = value["metadata"]?.map?["annotations"] else { return }
        var annotations = field.map ?? Map()
        guard field.isNull || field.map != nil else { return }
        annotations.removeAll { Self.internalAnnotations.contains($0.key) }
        if annotations.isEmpty {
            value["metadata"]?["annotations"] = nil
        } else if annotations.count != field.map?.count || annotations.contains(where: { $0.value.string == nil }) {
            value["metadata"]?["annotations"] = .map(Map(annotations.map { ($0.key, .string($0.value.scalarText ?? "")) }))
        }
    }
}
