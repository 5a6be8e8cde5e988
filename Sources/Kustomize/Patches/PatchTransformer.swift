// SPDX-License-Identifier: Apache-2.0
import Manifests

/// An entry of `patches`: strategic merge patches or a JSON patch, inline or in a file, for the resources that `target` selects.
///
/// Strategic merge patches without a target are for the resources that they name. Follows kustomize's `PatchTransformer`.
struct PatchTransformer: Transformer {
    private let node: Node
    private let content: PatchText.Content
    private let target: Selector?
    private let rights: StrategicMergePatch.Rights

    init(_ entry: Node, files: any FileScope) throws(KustomizeFailure) {
        try entry.requireOnly(["path", "patch", "target", "options"])
        if let target = entry["target"] { try target.requireOnly(Selector.fields) }
        try self.init(plugin: entry, files: files)
    }

    init(plugin node: Node, files: any FileScope) throws(KustomizeFailure) {
        self.node = node
        let patch = try node.text("patch").trimmingWhitespace()
        let path = try node.text("path")
        let text: PatchText
        switch (patch.isEmpty, path.isEmpty) {
        case (true, true):
            throw node.failure("missing-field", "a patch needs one of patch and path", hint: "patch holds the text, path names a file")
        case (false, false): throw node.failure("conflict", "patch and path cannot both be used", hint: "remove one of them")
        case (false, true): text = try PatchText(inline: patch, at: node["patch"] ?? node)
        case (true, false): text = try PatchText(path: node["path"] ?? node, files: files)
        }
        content = try text.content()
        target = try node["target"].map { (target) throws(KustomizeFailure) in try Selector(target) }
        var rights: StrategicMergePatch.Rights = []
        for (key, option) in try node["options"]?.members() ?? [] where !option.value.isNull {
            guard try option.bool() else { continue }
            if key == "allowNameChange" { rights.insert(.changeName) }
            if key == "allowKindChange" { rights.insert(.changeKind) }
        }
        self.rights = rights
    }

    func transform(_ resources: inout ResourceMap, in context: BuildContext) throws(KustomizeFailure) {
        switch content {
        case .strategic(let patches, let file):
            if let target {
                guard patches.count == 1 else {
                    throw node.failure(
                        "conflict", "the patch has \(patches.count) documents, and a target is for one",
                        hint: "give each document an entry of its own, or leave the target out")
                }
                let patch = StrategicMergePatch.Sheet(patches[0], from: file, isForSelection: true)
                for resource in try target.select(from: resources.items) { try patch.apply(to: resource, rights, at: node, in: context) }
                if !rights.isEmpty { try resources.requireDistinct(at: node) }
            } else {
                for patch in patches {
                    let resource = try resources.patched(by: patch, at: node)
                    let sheet = StrategicMergePatch.Sheet(patch, from: file, isForSelection: false)
                    try sheet.apply(to: resource, rights, at: node, in: context)
                    if !rights.isEmpty { resources.identitiesChanged() }
                }
            }
        case .json(let patch):
            guard let target else {
                throw node.failure("missing-field", "a JSON patch needs a target", hint: "say with target which resources it is for")
            }
            for resource in try target.select(from: resources.items) {
                resource.rememberIdentity()
                try patch.apply(to: resource, withAnnotations: true, at: node, in: context)
            }
            resources.identitiesChanged()
        case .nothing:
            guard let target else { throw node.failure("missing-field", "a JSON patch needs a target") }
            guard try target.select(from: resources.items).isEmpty else {
                throw node.failure("empty-patch", "the patch says nothing")
            }
        }
    }
}

extension JSON6902Patch {
    /// Changes a resource in place.
    /// - Parameter withAnnotations: whether the patch finds a map of annotations in any case: kustomize keeps what it remembers of a resource
    ///   there, and people's patches add to it.
    func apply(to resource: Resource, withAnnotations: Bool, at node: Node, in context: BuildContext) throws(KustomizeFailure) {
        let name = resource.id.description
        var value = resource.value
        resource.value = .null  // so that `value` is the only owner and changes in place
        defer {
            resource.value = value
            resource.normalizeAnnotations()
            resource.unshareTexts()  // kustomize reads the patched object anew
        }
        if withAnnotations, value["metadata"]?.map != nil, value["metadata"]?["annotations"]?.isNull ?? true {
            value["metadata"]?["annotations"] = .map(Map())
        }
        do throws(Failure) {
            try apply(to: &value)
        } catch {
            throw node.failure("patch-failed", "the patch does not fit \(name): \(error.message)")
        }
        switch value["metadata"]?["annotations"] {
        case .map(let annotations)? where annotations.contains(where: \.value.isNull):
            value["metadata"]?["annotations"] = .map(
                Map(unique: annotations.entries.map { .init(key: $0.key, value: $0.value.isNull ? .string("null") : $0.value) }))
        case .list(let items)? where !items.isEmpty:
            throw node.failure("patch-failed", "the patch makes a list of the annotations of \(name)")
        case .map?, nil: break
        case .null?, .bool?, .int?, .decimal?, .string?, .list?: value["metadata"]?["annotations"] = nil
        }
        let kind = value["kind"]?.scalarText ?? ""
        guard !kind.isEmpty, kind.hasSuffix("List") || value["metadata"]?["name"]?.scalarText?.isEmpty == false else {
            throw node.failure("patch-failed", "the patch leaves \(name) without a \(kind.isEmpty ? "kind" : "name")")
        }
        if let rounded = Self.rounded(value) { value = rounded }
        context.noteRewriting(resource)
    }

    /// The value with its integers as binary doubles hold them, which kustomize makes of all numbers in an object that it applies a JSON patch
    /// to; `nil` where none is too large for that.
    private static func rounded(_ value: Value) -> Value? {
        switch value {
        case .null, .bool, .string: return nil
        case .int(let number): return number.magnitude > 1 << 53 ? rounded(Double(number)) : nil
        case .decimal(let number):
            let isInteger = number.text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || $0 == UInt8(ascii: "-") }
            return isInteger ? rounded(number.double) : nil
        case .list(let items):
            var changed: [Value]?
            for (index, item) in items.enumerated() {
                guard let item = rounded(item) else { continue }
                changed = changed ?? items
                changed?[index] = item
            }
            return changed.map(Value.list)
        case .map(let map):
            var changed: Map?
            for entry in map.entries {
                guard let value = rounded(entry.value) else { continue }
                changed = changed ?? map
                changed?[entry.key] = value
            }
            return changed.map(Value.map)
        }
    }
}

extension JSON6902Patch {
    /// The integer with the fewest digits that is read as this number, filled up with zeros; larger ones are left to whoever writes them.
    private static func rounded(_ number: Double) -> Value? {
        guard number.magnitude < 1e21, let (negative, digits, exponent) = Decimal(number)?.normalized, exponent >= 0 else { return nil }
        let text = (negative ? "-" : "") + digits + String(repeating: "0", count: exponent)
        if let integer = Int64(text) { return .int(integer) }
        // What YAML does not take for an integer any more is written as a fraction.
        return .decimal(UInt64(text) == nil ? Decimal(number) ?? Decimal(json: text) : Decimal(json: text))
    }
}

extension String {
    /// Without white space at both ends.
    fileprivate func trimmingWhitespace() -> String {
        guard let first = firstIndex(where: { !$0.isWhitespace }), let last = lastIndex(where: { !$0.isWhitespace }) else { return "" }
        return String(self[first...last])
    }
}
