// SPDX-License-Identifier: Apache-2.0
import Manifests

/// What must hold for every object before it may go to a cluster; gives it its namespace, its canonical form and its digest.
///
/// Namespaces: an object of a namespaced kind that names none gets the application's. Scopes are those of the kinds that come with
/// Kubernetes, and of the CustomResourceDefinitions in the same render. An object of any other kind is left as it is: the agent, which can
/// ask its cluster, gives it the application's namespace when the kind turns out to be namespaced.
struct ObjectChecks {
    let request: Recipe
    let limits: RenderLimits
    /// The text of a file, to find places in for errors.
    let text: (String) -> [UInt8]?
    private(set) var warnings: [String] = []
    private var errors: [RenderError] = []
    private var scopes: [String: KindScope] = [:]
    private var secrets: SecretChecks

    init(request: Recipe, limits: RenderLimits, text: @escaping (String) -> [UInt8]?) {
        self.request = request
        self.limits = limits
        self.text = text
        secrets = SecretChecks(
            allowsClearSecrets: request.allowClearSecrets, originals: OriginalDocuments(bytesMax: limits.objectBytesMax, read: text))
    }

    mutating func objects(_ sources: [SourceObject]) throws(RenderFailure) -> [RenderedObject] {
        guard sources.count <= limits.objectsMax else {
            throw RenderFailure(
                RenderError(
                    code: "too-many-objects", path: request.path,
                    message: "\(sources.count) objects, more than the limit of \(limits.objectsMax)"))
        }
        for source in sources { learnScope(of: source.value) }
        var result: [RenderedObject] = []
        result.reserveCapacity(sources.count)
        var seen: [ObjectIdentity: String] = [:]
        for var source in sources {
            guard let apiVersion = check(source) else { continue }
            setNamespace(&source)
            guard let identity = ObjectIdentity(source.value) ?? Self.unnamedHook(source.value) else {
                report("not-an-object", "apiVersion, kind and metadata.name do not name an object", source, [])
                continue
            }
            if let other = seen[identity] {
                let files = other == source.path ? "twice in \(other)" : "in \(other) and in \(source.path)"
                report("duplicate", "\(identity) is there twice: \(files)", source, ["metadata", "name"])
                continue
            }
            seen[identity] = source.path
            var bytes = Canonical.bytes(source.value)
            guard let verdict = judge(&source, &bytes) else { continue }
            guard bytes.count <= limits.objectBytesMax else {
                report("too-large", "\(identity) has \(bytes.count) bytes, more than the limit of \(limits.objectBytesMax)", source, [])
                continue
            }
            result.append(
                RenderedObject(
                    identity: identity, apiVersion: apiVersion, digest: .sha256(bytes), bytes: bytes, value: source.value,
                    path: source.path, original: verdict.original, isReadableSecret: verdict.isReadableSecret))
        }
        guard errors.isEmpty else { throw RenderFailure(errors) }
        guard !result.isEmpty else {
            throw RenderFailure(
                RenderError(
                    code: "no-objects", path: request.path, message: "nothing to apply",
                    hint: "an empty render is never taken for the wish to delete everything"))
        }
        return result
    }

    /// What a hook is known by that has a `generateName` instead of a name; `nil` for anything else.
    private static func unnamedHook(_ object: Value) -> ObjectIdentity? {
        let hooks = ["flotilla.dev/hook", "argocd.argoproj.io/hook", "helm.sh/hook"]
        guard let prefix = object.at("metadata", "generateName")?.string, !prefix.isEmpty, object.at("metadata", "name") == nil,
            let annotations = object.at("metadata", "annotations")?.map, hooks.contains(where: { annotations[$0] != nil })
        else { return nil }
        var named = object
        named["metadata"]?["name"] = .string(prefix)
        return ObjectIdentity(named)
    }

    /// - Returns: the apiVersion of a sound object.
    private mutating func check(_ source: SourceObject) -> String? {
        guard case .map(let map) = source.value else {
            report("not-an-object", "an object is a map, not \(source.value.kindName)", source, [])
            return nil
        }
        var isSound = true
        var apiVersion = ""
        if let text = map["apiVersion"]?.string, Self.isAPIVersion(text) {
            apiVersion = text
        } else {
            report(
                map["apiVersion"] == nil ? "missing-field" : "wrong-type", "apiVersion must be like v1 or apps/v1", source, ["apiVersion"])
            isSound = false
        }
        let kind = map["kind"]?.string ?? ""
        if kind.isEmpty {
            report(map["kind"] == nil ? "missing-field" : "wrong-type", "kind must be a text", source, ["kind"])
            isSound = false
        }
        guard case .map(let metadata)? = map["metadata"] else {
            report("missing-field", "the object has no metadata", source, [])
            return nil
        }
        // A hook may leave its name to the agent, which makes one for each release.
        if metadata["name"]?.string?.isEmpty != false, metadata["name"] != nil || Self.unnamedHook(source.value) == nil {
            let generated = metadata["generateName"] != nil
            report(
                metadata["name"] == nil ? "missing-field" : "wrong-type", "metadata.name must be a text", source, ["metadata", "name"],
                hint: generated ? "generateName is for hooks: anything else would be made anew each time" : nil)
            isSound = false
        }
        if let namespace = metadata["namespace"], namespace.string == nil, !namespace.isNull {
            report("wrong-type", "metadata.namespace must be a text, not \(namespace.kindName)", source, ["metadata", "namespace"])
            isSound = false
        }
        for field in ["labels", "annotations"] {
            guard let entries = metadata[field], !entries.isNull else { continue }
            guard case .map(let entries) = entries else {
                report("wrong-type", "metadata.\(field) must be a map, not \(entries.kindName)", source, ["metadata", .key(field)])
                isSound = false
                continue
            }
            for entry in entries where entry.value.string == nil && !entry.value.isNull {
                report(
                    "wrong-type", "metadata.\(field).\(entry.key) must be a text, not \(entry.value.kindName)", source,
                    ["metadata", .key(field), .key(entry.key)], hint: entry.value.scalarText.map { "write \"\($0)\"" })
                isSound = false
            }
        }
        return isSound ? apiVersion : nil
    }

    /// - Returns: `nil` for an object that is refused.
    private mutating func judge(_ source: inout SourceObject, _ bytes: inout [UInt8]) -> SecretChecks.Verdict? {
        do throws(RefusedObject) {
            return try secrets.judge(&source.value, &bytes, from: source.path)
        } catch {
            let problem = error.problem
            var place = source
            if let part = problem.part { place = SourceObject(value: .null, path: source.path, document: part) }
            report(problem.code, problem.message, place, problem.steps, hint: problem.hint)
            return nil
        }
    }

    private static func isAPIVersion(_ text: String) -> Bool {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        return (1...2).contains(parts.count) && parts.allSatisfy { !$0.isEmpty }
    }

    // MARK: - Namespaces

    private mutating func learnScope(of object: Value) {
        guard object["kind"] == "CustomResourceDefinition", let group = object.at("spec", "group")?.string,
            let kind = object.at("spec", "names", "kind")?.string
        else { return }
        scopes["\(group)/\(kind)"] = object.at("spec", "scope") == "Cluster" ? .cluster : .namespaced
    }

    private mutating func setNamespace(_ source: inout SourceObject) {
        let apiVersion = source.value["apiVersion"]?.string ?? ""
        let group = apiVersion.firstIndex(of: "/").map { String(apiVersion[..<$0]) } ?? ""
        let kind = source.value["kind"]?.string ?? ""
        let scope = KindScope.builtIn(group: group, kind: kind) ?? scopes["\(group)/\(kind)"]
        let namespace = source.value.at("metadata", "namespace")?.string ?? ""
        switch scope {
        case .cluster:
            if source.value.at("metadata", "namespace") != nil {
                source.value["metadata"]?["namespace"] = nil
                if !namespace.isEmpty {
                    warnings.append("\(source.path): \(kind) lives in no namespace; \(namespace) is left out")
                }
            }
        case .namespaced:
            if namespace.isEmpty, let given = request.namespace, !given.isEmpty {
                source.value["metadata"]?["namespace"] = .string(given)
            }
        case nil:
            // An empty text and an absent field mean the same, and must have the same digest.
            if namespace.isEmpty { source.value["metadata"]?["namespace"] = nil }
        }
    }

    private mutating func report(_ code: String, _ message: String, _ source: SourceObject, _ steps: [PathStep], hint: String? = nil) {
        let bytes = text(source.path)
        var mark: SourceMark?
        var steps = source.steps + steps
        // What a patch or a transformer added is not in the file: then the nearest thing around it is.
        while mark == nil, let bytes {
            mark = YAML.locate(steps, document: source.document, in: bytes)
            if steps.popLast() == nil { break }
        }
        let error = RenderError(code: code, path: source.path, line: mark?.line, column: mark?.column, message: message, hint: hint)
        // What is wrong with a whole file is found again with each of its objects.
        if errors.last != error { errors.append(error) }
    }
}
