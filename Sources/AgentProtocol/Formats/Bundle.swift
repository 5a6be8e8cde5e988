// SPDX-License-Identifier: Apache-2.0
package import Manifests

/// The desired state of one application on one cluster: an ordered list of objects by digest.
package struct Bundle: Sendable, Hashable {
    /// One object. An encrypted one travels as a pair: its original bytes, whose MAC the agent verifies, and the rendered object.
    package struct Entry: Sendable, Hashable {
        /// Digest of the rendered object's canonical form.
        package var object: Digest
        /// Digest of the original document's bytes, for an encrypted one.
        package var original: Digest?

        package init(object: Digest, original: Digest? = nil) {
            self.object = object
            self.original = original
        }

        package var json: Value {
            guard let original else { return .string(object.description) }
            return .map(["object": .string(object.description), "original": .string(original.description)])
        }

        package init(json value: Value, at path: String) throws(ShapeError) {
            if case .string(let text) = value {
                self.init(object: try Digest(json: value, text: text, at: path))
            } else {
                let fields = try Fields(value, at: path)
                let object = try fields.string("object")
                let original = try fields.optionalString("original")
                self.init(
                    object: try Digest(json: nil, text: object, at: path),
                    original: try original.map { (text) throws(ShapeError) in try Digest(json: nil, text: text, at: path) })
            }
        }
    }

    package var entries: [Entry]

    package init(entries: [Entry]) { self.entries = entries }

    /// The canonical document that the bundle's digest is taken over.
    package var document: Value { .map(["entries": .list(entries.map(\.json)), "format": "flotilla.dev/bundle/v1"]) }

    package var digest: Digest { Canonical.digest(document) }
}

extension Digest {
    init(json: Value?, text: String, at path: String) throws(ShapeError) {
        guard let digest = Digest(text) else { throw ShapeError(path: path, message: "expected a digest such as \"sha256:…\"") }
        self = digest
    }

    package init(json value: Value?, at path: String) throws(ShapeError) {
        guard let text = value?.string else { throw ShapeError(path: path, message: "expected a digest such as \"sha256:…\"") }
        self = try Digest(json: value, text: text, at: path)
    }
}
