// SPDX-License-Identifier: Apache-2.0
package import Manifests

/// A chart as its files say, with the charts that it depends on.
package struct Chart: Sendable {
    /// A file by its path below the chart's folder.
    package struct File: Sendable, Hashable {
        package var name: String
        package var bytes: [UInt8]

        package init(name: String, bytes: [UInt8]) {
            self.name = name
            self.bytes = bytes
        }

        /// The last part of the path.
        var base: Substring { name[(name.lastIndex(of: "/").map(name.index(after:)) ?? name.startIndex)...] }
    }

    package var metadata: ChartMetadata
    /// Defaults, from `values.yaml`.
    package var values = Map()
    /// `values.schema.json`
    package var schema: [UInt8]?
    /// What is below `templates/`.
    package var templates: [File] = []
    /// All else but metadata and dependencies, `crds/` included.
    package var files: [File] = []
    package var dependencies: [Chart] = []

    package init(metadata: ChartMetadata) { self.metadata = metadata }

    package var name: String { metadata.name }

    /// Gives its templates to others, and renders none.
    var isLibrary: Bool { metadata.type == "library" }

    /// The files that hold CustomResourceDefinitions, its own before those of its dependencies.
    package var definitions: [File] {
        files.filter { $0.name.hasPrefix("crds/") && Self.isManifest($0.name) } + dependencies.flatMap(\.definitions)
    }

    private static func isManifest(_ name: String) -> Bool {
        let name = name.lowercased()
        return [".yaml", ".yml", ".json"].contains { name.hasSuffix($0) }
    }
}
