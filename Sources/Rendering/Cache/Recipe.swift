// SPDX-License-Identifier: Apache-2.0
package import Manifests

/// What a render is asked for, apart from the tree and the cluster, and by which version of the engines.
package struct Recipe: Sendable, Hashable {
    package let path: String
    package let namespace: String?
    package let substitute: Bool
    package let allowClearSecrets: Bool
    package let engine: String

    package init(
        path: String, namespace: String?, substitute: Bool, allowClearSecrets: Bool, engine: String = Renderer.engineVersion
    ) {
        self.path = path
        self.namespace = namespace
        self.substitute = substitute
        self.allowClearSecrets = allowClearSecrets
        self.engine = engine
    }

    init(_ request: RenderRequest) {
        self.init(
            path: request.path, namespace: request.namespace, substitute: request.substitute, allowClearSecrets: request.allowClearSecrets)
    }

    /// Equal for equal recipes; the SHA-256 of the fields in canonical JSON.
    package var digest: Digest {
        Canonical.digest([
            "path": .string(path), "namespace": namespace.map(Value.string) ?? .null, "substitute": .bool(substitute),
            "allowClearSecrets": .bool(allowClearSecrets), "engine": .string(engine),
        ])
    }
}
