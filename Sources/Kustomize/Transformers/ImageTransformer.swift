// SPDX-License-Identifier: Apache-2.0
import Manifests

/// Changes the names, tags and digests of container images.
enum ImageTransformer {
    static func apply(_ images: [Kustomization.Image], to resources: inout ResourceMap) {
        guard !images.isEmpty else { return }
        for index in resources.items.indices where resources.items[index].id.kind != "CustomResourceDefinition" {
            walk(&resources.items[index].value, images)
        }
    }

    /// Finds `containers` and `initContainers` at any depth of any kind.
    private static func walk(_ value: inout Value, _ images: [Kustomization.Image]) {
        switch value {
        case .map(var map):
            value = .null  // so that `map` is the only owner and changes in place
            map.updateValues { key, member in
                walk(&member, images)
                if key == "containers" || key == "initContainers" { change(&member, images) }
            }
            value = .map(map)
        case .list(var items):
            value = .null
            for index in items.indices { walk(&items[index], images) }
            value = .list(items)
        case .null, .bool, .int, .decimal, .string: return
        }
    }

    private static func change(_ containers: inout Value, _ images: [Kustomization.Image]) {
        guard case .list(var items) = containers else { return }
        containers = .null
        for index in items.indices {
            guard let old = items[index]["image"]?.string else { continue }
            var reference = old
            for image in images {
                if let new = renamed(reference, by: image) { reference = new }
            }
            if reference != old { items[index]["image"] = .string(reference) }
        }
        containers = .list(items)
    }

    /// - Returns: `nil` where the image is another one.
    static func renamed(_ reference: String, by image: Kustomization.Image) -> String? {
        let parts = ImageReference(reference)
        guard image.name.matches(parts.name) else { return nil }
        var result = parts
        if let name = image.newName { result.name = name }
        if image.newTag != nil || image.digest != nil {
            result.tag = image.newTag
            result.digest = image.digest
        } else if let suffix = image.tagSuffix {
            result.tag = (result.tag ?? "") + suffix
            result.digest = nil
        }
        return result.description
    }
}

/// An image's name, tag and digest. A colon before the first slash is a registry's port.
struct ImageReference: Sendable, Hashable, CustomStringConvertible {
    var name: String
    var tag: String?
    var digest: String?

    init(_ text: String) {
        var rest = text[...]
        if let at = rest.firstIndex(of: "@") {
            digest = String(rest[rest.index(after: at)...])
            rest = rest[..<at]
        }
        let slash = rest.firstIndex(of: "/")
        let searched = slash.flatMap { $0 > rest.startIndex ? rest[$0...] : nil } ?? rest
        if let colon = searched.firstIndex(of: ":") {
            tag = String(rest[rest.index(after: colon)...])
            rest = rest[..<colon]
        }
        name = String(rest)
    }

    var description: String {
        var text = name
        if let tag, !tag.isEmpty { text += ":\(tag)" }
        if let digest, !digest.isEmpty { text += "@\(digest)" }
        return text
    }
}
