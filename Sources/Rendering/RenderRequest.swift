// SPDX-License-Identifier: Apache-2.0
package import Kustomize
package import Manifests

/// What is to be rendered: one application for one cluster.
package struct RenderRequest: Sendable, Hashable {
    /// A folder or a file, from the tree's root, variables expanded.
    package var path: String
    /// The application's namespace: objects that need one and name none get it.
    package var namespace: String?
    /// Whether `${…}` in manifests is replaced by variables.
    package var substitute: Bool
    /// Whether a `Secret` with readable values may be in the result.
    package var allowClearSecrets: Bool
    /// Flattened: `cluster.name`, `cluster.labels.X`, `cluster.variables.X`, `environment.name`, `environment.variables.X`. `${X}` without a
    /// prefix is `cluster.variables.X`, else `environment.variables.X`, unless there is a plain `X` here.
    package var variables: [String: String]

    package init(
        path: String, namespace: String? = nil, substitute: Bool = false, allowClearSecrets: Bool = false, variables: [String: String] = [:]
    ) {
        self.path = path
        self.namespace = namespace
        self.substitute = substitute
        self.allowClearSecrets = allowClearSecrets
        self.variables = variables
    }
}

/// How much one render takes in and gives out before it is refused.
package struct RenderLimits: Sendable, Hashable {
    package var kustomize: KustomizeLimits
    package var documents: Limits
    /// Files of a plain folder.
    package var filesMax: Int
    /// Bytes of one file.
    package var fileBytesMax: Int
    package var objectsMax: Int
    /// Bytes of one object in canonical form; the API server takes 3 MiB in a request, etcd 1.5 MiB.
    package var objectBytesMax: Int

    package init(
        kustomize: KustomizeLimits, documents: Limits, filesMax: Int, fileBytesMax: Int, objectsMax: Int, objectBytesMax: Int
    ) {
        self.kustomize = kustomize
        self.documents = documents
        self.filesMax = filesMax
        self.fileBytesMax = fileBytesMax
        self.objectsMax = objectsMax
        self.objectBytesMax = objectBytesMax
    }

    package static let standard = RenderLimits(
        kustomize: .standard, documents: .standard, filesMax: 10_000, fileBytesMax: 16 << 20, objectsMax: 100_000, objectBytesMax: 3 << 20)
}
