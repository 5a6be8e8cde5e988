// SPDX-License-Identifier: Apache-2.0
import Manifests

/// Makes a ConfigMap: one entry of `configMapGenerator`.
///
/// What is valid UTF-8 goes to `data`, the rest in base64 to `binaryData`.
struct ConfigMapGenerator: Generator {
    private let arguments: GeneratorArguments
    private let files: any FileScope

    /// - Parameters:
    ///   - options: the kustomization's `generatorOptions`.
    ///   - source: where the entry stands.
    init(_ entry: Node, options: Node?, files: any FileScope, source: Resource.Source) throws(KustomizeFailure) {
        arguments = try GeneratorArguments(entry: entry, options: options, source: source)
        self.files = files
    }

    init(plugin: Node, files: any FileScope) throws(KustomizeFailure) {
        arguments = try GeneratorArguments(plugin: plugin)
        self.files = files
    }

    func generate() throws(KustomizeFailure) -> [Resource] {
        var data: [Map.Entry] = []
        var binaryData: [Map.Entry] = []
        for (key, bytes) in try arguments.data(from: files) {
            if let text = String(validating: bytes, as: UTF8.self) {
                data.append(Map.Entry(key: key, value: .string(text)))
            } else {
                binaryData.append(Map.Entry(key: key, value: .string(FoldedBase64.encode(bytes))))
            }
        }
        var fields: [Map.Entry] = []
        if !data.isEmpty { fields.append(Map.Entry(key: "data", value: .map(Map(unique: data)))) }
        if !binaryData.isEmpty { fields.append(Map.Entry(key: "binaryData", value: .map(Map(unique: binaryData)))) }
        return [try arguments.resource(kind: "ConfigMap", fields)]
    }
}
