// SPDX-License-Identifier: Apache-2.0
import Manifests

/// Where a resource comes from, or which entry changed it, as `buildMetadata` writes it into annotations.
struct Origin {
    /// The folder, from the one that is built.
    var path = ""

    static let annotation = "config.kubernetes.io/origin"
    static let transformations = "alpha.config.kubernetes.io/transformations"

    func appending(_ path: String) -> Origin { Origin(path: Paths.clean(self.path.isEmpty ? path : "\(self.path)/\(path)")) }

    /// The text of the annotation of a resource that was read from here.
    var text: String { Self.lines([.init("path", path)]) }

    /// A generator or transformer: the kustomization or file it is configured in, and what it is.
    struct Configured {
        var file: String
        var apiVersion = "builtin"
        var kind: String
        var name = ""
        var namespace = ""

        fileprivate var fields: [Field] {
            [
                Field("configuredIn", file), Field("configuredBy", ""), Field("apiVersion", apiVersion, depth: 1),
                Field("kind", kind, depth: 1), Field("name", name, depth: 1), Field("namespace", namespace, depth: 1),
            ]
        }

        /// The text of the annotation of a resource that this made.
        var text: String { Origin.lines(fields) }
        /// One item of the list of what changed a resource.
        var item: String { Origin.lines(fields, isItem: true) }
    }

    fileprivate struct Field {
        let key: String
        let text: String
        let depth: Int

        init(_ key: String, _ text: String, depth: Int = 0) {
            self.key = key
            self.text = text
            self.depth = depth
        }
    }

    private static func lines(_ fields: [Field], isItem: Bool = false) -> String {
        var result = ""
        for field in fields where !field.text.isEmpty || field.key == "configuredBy" {
            let start = isItem ? (result.isEmpty ? "- " : "  ") : ""
            let indent = String(repeating: "  ", count: field.depth)
            let value = field.text.isEmpty ? "" : " " + YAML.write(.string(field.text)).dropLast()
            result += "\(start)\(indent)\(field.key):\(value)\n"
        }
        return result
    }

    /// Marks resources that `configured` made; those that say where they come from already keep that.
    static func markMade(_ resources: [Resource], by configured: Configured) {
        for resource in resources where resource.annotation(annotation) == nil { resource.setAnnotation(annotation, configured.text) }
    }

    /// Marks all resources as having gone through `configured`; one of unknown origin was made by it.
    static func markChanged(_ resources: [Resource], by configured: Configured) {
        for resource in resources {
            if resource.annotation(annotation) == nil {
                resource.setAnnotation(annotation, configured.text)
            } else {
                resource.setAnnotation(transformations, (resource.annotation(transformations) ?? "") + configured.item)
            }
        }
    }
}
