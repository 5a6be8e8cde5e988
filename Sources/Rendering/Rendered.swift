// SPDX-License-Identifier: Apache-2.0
package import Manifests

/// What a render gives.
package struct Rendered: Sendable {
    package let engine: RenderEngine
    /// In the engine's order; no two with the same identity; never empty.
    package let objects: [RenderedObject]
    /// Readable remarks about what was changed or looks wrong, each beginning with the file.
    package let warnings: [String]
    package let trace: RenderTrace
}

/// A render that was tried: what it gave or why it cannot be, and what that follows from.
package struct RenderAttempt: Sendable {
    package let trace: RenderTrace
    package let result: Result<Rendered, RenderFailure>
}

/// One object of a render. Its digest names its bytes: equal objects have equal bytes, whoever rendered them.
package struct RenderedObject: Sendable, Hashable {
    package let identity: ObjectIdentity
    /// `apps/v1`.
    package let apiVersion: String
    /// The SHA-256 of `bytes`.
    package let digest: Digest
    /// The canonical JSON of the object.
    package let bytes: [UInt8]
    package let value: Value
    /// The file that it came from, before patches.
    package let path: String
    /// The file that it came from, where the object is encrypted: agents take the plaintexts from there.
    package let original: OriginalDocument?
    /// Whether it is a Secret with values that are not, or not all, encrypted.
    package let isReadableSecret: Bool
}

package enum RenderEngine: String, Sendable, Hashable {
    case kustomize
    case plain
}
