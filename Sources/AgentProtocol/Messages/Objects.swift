// SPDX-License-Identifier: Apache-2.0
package import Manifests

/// `POST /agent/v1/objects`: fetches objects by digest; only those of the asking cluster's own bundles are given out.
package struct ObjectsRequest: Sendable, Hashable {
    package var digests: [Digest]
    package static let digestsMax = 500

    package init(digests: [Digest]) { self.digests = digests }

    package var json: Value { .map(["digests": .list(digests.map { .string($0.description) })]) }

    package init(json value: Value) throws(ShapeError) {
        digests = try Fields(value).list("digests", limit: Self.digestsMax) { (item, path) throws(ShapeError) in
            try Digest(json: item, at: path)
        }
    }
}

/// Objects in the order asked for, and the originals of encrypted ones; what is not there (or not this cluster's) is left out.
///
/// The receiver checks every digest. An object's is taken over its canonical form, so that the notation on the wire does not matter; an
/// original's over its very bytes.
package struct ObjectsResponse: Sendable, Hashable {
    package var objects: [Value]
    /// Encrypted documents as they stand in Git: UTF-8, so they travel as texts.
    package var originals: [String]

    package init(objects: [Value], originals: [String] = []) {
        self.objects = objects
        self.originals = originals
    }

    package var json: Value {
        var map: Map = ["objects": .list(objects)]
        // Left out where there is none: an agent from before encrypted objects has no use for it.
        if !originals.isEmpty { map["originals"] = .list(originals.map { .string($0) }) }
        return .map(map)
    }

    package init(json value: Value) throws(ShapeError) {
        let fields = try Fields(value)
        objects = try fields.list("objects", limit: ObjectsRequest.digestsMax) { (item, _) throws(ShapeError) in item }
        originals = try fields.strings("originals", limit: ObjectsRequest.digestsMax)
    }
}
