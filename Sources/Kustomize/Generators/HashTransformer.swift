// SPDX-License-Identifier: Apache-2.0

/// Appends the hash of their content to the names of the resources that want it: those that generators made.
struct HashTransformer: Transformer {
    init() {}

    init(plugin: Node, files: any FileScope) throws(KustomizeFailure) {}

    func transform(_ resources: inout ResourceMap, in context: BuildContext) throws(KustomizeFailure) {
        for resource in resources.items where resource.needsHash {
            let suffix = ContentHash.suffix(of: resource.value)
            resource.rememberIdentity()
            resource.name += "-" + suffix
        }
    }
}
