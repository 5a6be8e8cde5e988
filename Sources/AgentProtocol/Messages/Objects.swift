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

/// Objects in the order asked for; one that is not there (or not this cluster's) is left out. The receiver checks every digest:
/// it is taken over the object's canonical form, so the notation on the wire does not matter.
package struct ObjectsResponse: Sendable, Hashable {
    package var objects: [Value]

    package init(objects: [Value]) { self.objects = objects }

    package var json: Value { .map(["objects": .list(objects)]) }

    package init(json value: Value) throws(ShapeError) {
        objects = try Fields(value).list("objects", limit: ObjectsRequest.digestsMax) { (item, _) throws(ShapeError) in item }
    }
}
