// SPDX-License-Identifier: Apache-2.0
import Manifests

/// Makes a Secret: one entry of `secretGenerator`. All data is in base64.
struct SecretGenerator: Generator {
    private let arguments: GeneratorArguments
    private let type: String
    private let files: any FileScope

    /// - Parameters:
    ///   - options: the kustomization's `generatorOptions`.
    ///   - source: where the entry stands.
    init(_ entry: Node, options: Node?, files: any FileScope, source: Resource.Source) throws(KustomizeFailure) {
        arguments = try GeneratorArguments(entry: entry, options: options, more: ["type"], source: source)
        type = try entry.text("type")
        self.files = files
    }

    init(plugin: Node, files: any FileScope) throws(KustomizeFailure) {
        arguments = try GeneratorArguments(plugin: plugin)
        type = try plugin.text("type")
        self.files = files
    }

    func generate() throws(KustomizeFailure) -> [Resource] {
        let data = try arguments.data(from: files).map { Map.Entry(key: $0.key, value: .string(FoldedBase64.encode($0.bytes))) }
        let fields = [
            Map.Entry(key: "data", value: .map(Map(unique: data))), Map.Entry(key: "type", value: .string(type.isEmpty ? "Opaque" : type)),
        ]
        return [try arguments.resource(kind: "Secret", fields)]
    }
}
