// SPDX-License-Identifier: Apache-2.0
import Manifests

/// Changes names, tags and digests of images, in containers wherever there are some, and in the fields it is told.
///
/// Where both lead to one field, the change is made twice, as in kustomize; that shows with `tagSuffix`.
struct ImageTagTransformer: Transformer {
    private let images: [ImageChange]
    private let fields: [FieldSpec]
    private let place: Node

    /// - Parameter entry: one of `images` of a kustomization.
    init(_ entry: Node, fields: [FieldSpec]) throws(KustomizeFailure) { try self.init([entry], fields: fields, at: entry) }

    /// Several changes one after the other, in one walk through each resource.
    init(_ entries: [Node], fields: [FieldSpec], at place: Node) throws(KustomizeFailure) {
        var images: [ImageChange] = []
        for entry in entries { images.append(try ImageChange(entry)) }
        self.images = images
        self.fields = fields
        self.place = place
    }

    init(plugin: Node, files: any FileScope) throws(KustomizeFailure) {
        images = [try ImageChange(loose: plugin["imageTag"] ?? plugin.with(.map(Map())))]
        fields = try plugin.looseFields()
        place = plugin
    }

    func transform(_ resources: inout ResourceMap, in context: BuildContext) throws(KustomizeFailure) {
        guard !images.isEmpty else { return }
        var trees = KindCache<FieldTree>()
        for resource in resources.items {
            let id = resource.id
            // The schemas in these have fields called like those of containers.
            if id.kind == "CustomResourceDefinition" { continue }
            let tree = trees.choose(id) {
                let tree = FieldTree()
                for (index, field) in fields.enumerated() where field.selects(id) { tree.add(field.steps, index) }
                return tree
            }
            do throws(FieldFailure) {
                if let value = try changed(resource.value, tree) { resource.value = value }
            } catch {
                throw place.failure(FieldFailure(message: "images of \(id): \(error.message)"))
            }
        }
    }

    /// The value with its images changed; `nil` where nothing changes.
    /// - Parameters:
    ///   - tree: what of the configured paths lies below; `nil` off the paths.
    ///   - isContainer: whether the value is an item of a list of containers.
    private func changed(_ value: Value, _ tree: FieldTree?, isContainer: Bool = false) throws(FieldFailure) -> Value? {
        switch value {
        case .null: return nil
        case .bool, .int, .decimal, .string:
            if let tree, !tree.branches.isEmpty { throw .noContainer(value) }
            return nil
        case .list(let items):
            var result: [Value]?
            for (index, item) in items.enumerated() {
                guard let new = try changed(item, tree) else { continue }
                if result == nil { result = items }
                result?[index] = new
            }
            return result.map { .list($0) }
        case .map(let map):
            for branch in tree?.branches ?? [] { if let failure = branch.step.failure { throw failure } }
            var result: [Map.Entry]?
            for (index, entry) in map.entries.enumerated() {
                guard let new = try changed(member: entry, tree, isContainer: isContainer) else { continue }
                if result == nil { result = map.entries }
                result?[index].value = new
            }
            return result.map { .map(Map(unique: $0)) }
        }
    }

    private func changed(member: Map.Entry, _ tree: FieldTree?, isContainer: Bool) throws(FieldFailure) -> Value? {
        var times = isContainer && member.key == "image" ? 1 : 0
        // A step that calls the member a list and one that does not are two branches.
        let branches = tree?.branches.filter { $0.step.name == member.key } ?? []
        for branch in branches { times += branch.tree.ends.count }
        if times > 0 {
            switch member.value {
            case .list, .map: throw FieldFailure(message: "\(member.key) is \(member.value.kindName), not the name of an image")
            case .null, .bool, .int, .decimal, .string: break
            }
        }
        if member.value.isNull { return branches.contains { $0.step.isList } ? .list([]) : nil }
        if times > 0, let new = renamed(member.value, times) { return new }
        if member.key == "containers" || member.key == "initContainers", case .list(let items) = member.value {
            return try changed(containers: items, branches)
        }
        return try below(branches, member.value)
    }

    private func changed(containers: [Value], _ branches: [FieldTree.Branch]) throws(FieldFailure) -> Value? {
        var result = containers
        var isChanged = false
        for (index, item) in containers.enumerated() {
            switch item {
            case .null: continue
            case .map:
                guard let new = try below(branches, item, isContainer: true) else { continue }
                result[index] = new
                isChanged = true
            case .bool, .int, .decimal, .string, .list: throw .noMap(item)
            }
        }
        return isChanged ? .list(result) : nil
    }

    private func below(_ branches: [FieldTree.Branch], _ value: Value, isContainer: Bool = false) throws(FieldFailure) -> Value? {
        guard branches.count > 1 else { return try changed(value, branches.first?.tree, isContainer: isContainer) }
        let joined = FieldTree(joining: branches.map(\.tree))
        return try changed(value, joined, isContainer: isContainer)
    }

    private func renamed(_ value: Value, _ times: Int) -> Value? {
        guard let old = value.scalarText else { return nil }
        var new = old
        for image in images {
            for _ in 0..<times { if let changed = image.applied(to: new) { new = changed } }
        }
        guard new != old else { return nil }
        return value.replacing(text: new)
    }
}

/// What becomes of the images of a name.
struct ImageChange {
    private let pattern: ImagePattern
    private let newName: String
    private let newTag: String
    private let tagSuffix: String
    private let digest: String

    /// - Parameter entry: one of `images` of a kustomization.
    init(_ entry: Node) throws(KustomizeFailure) {
        if !entry.value.isNull { try entry.requireOnly(["name", "newName", "tagSuffix", "newTag", "digest"]) }
        pattern = try ImagePattern(try entry.text("name"), at: entry)
        newName = try entry.text("newName")
        newTag = try entry.text("newTag")
        tagSuffix = try entry.text("tagSuffix")
        digest = try entry.text("digest")
    }

    /// As a plugin's configuration says it.
    init(loose entry: Node) throws(KustomizeFailure) {
        _ = try entry.map()
        pattern = try ImagePattern(try entry.looseText("name"), at: entry)
        newName = try entry.looseText("newName")
        newTag = try entry.looseText("newTag")
        tagSuffix = try entry.looseText("tagSuffix")
        digest = try entry.looseText("digest")
    }

    /// The image as it shall be; `nil` where another image is meant.
    func applied(to text: String) -> String? {
        guard pattern.matches(text) else { return nil }
        var image = ImageReference(text)
        if !newName.isEmpty { image.name = newName }
        // A new tag or digest replaces both of the old ones.
        if !newTag.isEmpty || !digest.isEmpty {
            image.tag = newTag
            image.digest = digest
        } else if !tagSuffix.isEmpty {
            image.tag += tagSuffix
            image.digest = ""
        }
        return image.description
    }
}
