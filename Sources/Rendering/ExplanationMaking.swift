// SPDX-License-Identifier: Apache-2.0
import Kustomize
package import Manifests

extension Renderer {
    /// Says how a field of one of the objects of a render got its value.
    ///
    /// The request is rendered once to find the object, and once more by an engine that notes what becomes of the field.
    /// - Throws: what rendering throws; `no-object`, `ambiguous`, `no-field` where the result has not what is asked about.
    package static func explain(
        _ field: ObjectField, of request: RenderRequest, from tree: some FileTree, limits: RenderLimits = .standard
    ) throws(RenderFailure) -> Explanation {
        let rendered = try render(request, from: tree, limits: limits)
        let object = try choose(field, from: rendered, request)
        let way = field.way(in: object.value)
        guard request.substitute else {
            return try explain(field, object, way, rendered, request, from: tree, replacements: { _ in [] }, limits)
        }
        let substituting = SubstitutingTree(
            tree, variables: TracedVariables(ClusterFacts(variables: request.variables)), notesReplacements: true)
        return try explain(
            field, object, way, rendered, request, from: substituting, replacements: { substituting.replacements[$0] ?? [] }, limits)
    }

    private static func choose(
        _ field: ObjectField, from rendered: Rendered, _ request: RenderRequest
    ) throws(RenderFailure) -> RenderedObject {
        let found = rendered.objects.filter { field.matches($0.identity) }
        if let object = found.first, found.count == 1 { return object }
        if found.isEmpty {
            let kind = rendered.objects.filter { $0.identity.kind == field.kind }
            let others = (kind.isEmpty ? rendered.objects : kind).map { name($0.identity) }
            throw RenderFailure(
                RenderError(
                    code: "no-object", path: request.path, message: "the render has no \(field.object)",
                    hint: "it has \(others.prefix(12).joined(separator: ", "))"
                        + (others.count > 12 ? " and \(others.count - 12) more" : "")))
        }
        throw RenderFailure(
            RenderError(
                code: "ambiguous", path: request.path, message: "\(field.object) fits \(found.count) objects",
                hint: "say which: \(found.prefix(12).map { name($0.identity) }.joined(separator: ", "))"))
    }

    /// The object as an `ObjectField` names it.
    private static func name(_ identity: ObjectIdentity) -> String {
        [identity.group, identity.kind, identity.namespace, identity.name].filter { !$0.isEmpty }.joined(separator: "/")
    }

    private static func explain(
        _ field: ObjectField, _ object: RenderedObject, _ way: ObjectField.Way, _ rendered: Rendered, _ request: RenderRequest,
        from tree: some FileTree, replacements: @escaping (String) -> [Substitution.Replacement], _ limits: RenderLimits
    ) throws(RenderFailure) -> Explanation {
        let changes: [Change] =
            switch rendered.engine {
            case .kustomize: try kustomized(object, way, rendered, request, from: tree, limits)
            case .plain: try plain(object, way, from: tree, limits)
            }
        let places = SubstitutedPlaces(variables: request.variables, replacements: replacements) { path in
            try? tree.read(path, limit: limits.fileBytesMax)
        }
        var steps = changes.map { change in
            let (place, uses) = places.source(of: change.place)
            // A step's place may be a whole kustomization, with variables for other steps.
            let own = uses.filter { use in change.value.map { $0.mentions(use.value) } ?? false }
            return Explanation.Step(kind: .engine(change.step), place: place, value: change.value, variables: own)
        }
        // After the engine only namespaces change.
        if ["", "/metadata", "/metadata/namespace"].contains(JSONPointer(way.steps.map(\.text)).description),
            way.value != changes.last?.value
        {
            steps.append(Explanation.Step(kind: .namespace, place: nil, value: way.value, variables: []))
        }
        guard !steps.isEmpty else {
            throw RenderFailure(
                RenderError(
                    code: "no-field", path: object.path, message: "\(name(object.identity)) has no \(field.pointer), and never had it",
                    hint: way.lack))
        }
        return Explanation(
            object: object.identity, field: JSONPointer(way.steps.map(\.text)), value: way.value, steps: steps)
    }

    /// What one step of an engine made of the field.
    private struct Change {
        let step: String
        let place: Explanation.Place
        let value: Value?
    }

    // MARK: - Engines

    private static func kustomized(
        _ object: RenderedObject, _ way: ObjectField.Way, _ rendered: Rendered, _ request: RenderRequest, from tree: some FileTree,
        _ limits: RenderLimits
    ) throws(RenderFailure) -> [Change] {
        let identity = object.identity
        let isOnly = rendered.objects.count { $0.identity.kind == identity.kind && $0.identity.name == identity.name } == 1
        let folder = (try? tree.resolve(request.path)) ?? request.path
        do throws(KustomizeFailure) {
            let history = try Kustomize.explain(
                way.steps, ofKind: identity.kind, name: identity.name, namespace: isOnly ? nil : identity.namespace, in: folder, from: tree,
                limits: limits.kustomize)
            return history.map { change in
                Change(
                    step: change.step,
                    place: Explanation.Place(path: change.place.path, line: change.place.line, column: change.place.column),
                    value: change.value)
            }
        } catch {
            throw RenderFailure(error)
        }
    }

    /// Manifests that no engine changes: what is in the file is all.
    private static func plain(
        _ object: RenderedObject, _ way: ObjectField.Way, from tree: some FileTree, _ limits: RenderLimits
    ) throws(RenderFailure) -> [Change] {
        let identity = object.identity
        let source = try PlainManifests.read(file: object.path, from: tree, limits).first { source in
            guard let other = ObjectIdentity(source.value) else { return false }
            return other.group == identity.group && other.kind == identity.kind && other.name == identity.name
                && (other.namespace.isEmpty || identity.namespace.isEmpty || other.namespace == identity.namespace)
        }
        guard let source, let value = way.steps.reduce(Optional(source.value), { here, step in here?[step] }) else { return [] }
        let bytes = try? tree.read(object.path, limit: limits.fileBytesMax)
        var steps = source.steps + way.steps
        var mark: SourceMark?
        // What an alias or a merge key brings in stands elsewhere: then the nearest thing around it is said.
        while mark == nil, let bytes {
            mark = YAML.locate(steps, document: source.document, in: bytes)
            if steps.popLast() == nil { break }
        }
        return [Change(step: "read", place: Explanation.Place(path: object.path, line: mark?.line, column: mark?.column), value: value)]
    }
}

extension Value {
    /// Whether a text is part of a key or a scalar in here.
    fileprivate func mentions(_ text: String) -> Bool {
        if text.isEmpty { return true }
        switch self {
        case .map(let map): return map.contains { $0.key.contains(text) || $0.value.mentions(text) }
        case .list(let items): return items.contains { $0.mentions(text) }
        case .null, .bool, .int, .decimal, .string: return scalarText?.contains(text) ?? false
        }
    }

    fileprivate subscript(step: PathStep) -> Value? {
        switch step {
        case .key(let key): self[key]
        case .index(let index): self[index]
        }
    }
}
