// SPDX-License-Identifier: Apache-2.0
package import Manifests

/// One leaf of a record's Merkle tree: this application runs this bundle on this cluster.
package struct MerkleLeaf: Sendable, Hashable, Comparable {
    package var cluster: String
    package var application: String
    package var bundle: Digest

    package init(cluster: String, application: String, bundle: Digest) {
        self.cluster = cluster
        self.application = application
        self.bundle = bundle
    }

    package static func < (left: MerkleLeaf, right: MerkleLeaf) -> Bool {
        (left.cluster, left.application) < (right.cluster, right.application)
    }

    /// SHA-256 over a zero byte and the leaf's canonical form.
    package var digest: Digest {
        let document: Value = .map([
            "application": .string(application), "bundle": .string(bundle.description), "cluster": .string(cluster),
        ])
        return .sha256([0] + Canonical.bytes(document))
    }
}

/// One step from a leaf to the root: the sibling's digest, and the side it stands on.
package struct MerkleStep: Sendable, Hashable {
    package var siblingIsLeft: Bool
    package var sibling: Digest

    package init(siblingIsLeft: Bool, sibling: Digest) {
        self.siblingIsLeft = siblingIsLeft
        self.sibling = sibling
    }

    /// `l:sha256:…` or `r:sha256:…`.
    package var json: Value { .string((siblingIsLeft ? "l:" : "r:") + sibling.description) }

    package init(json value: Value, at path: String) throws(ShapeError) {
        guard let text = value.string, text.hasPrefix("l:") || text.hasPrefix("r:"), let digest = Digest(String(text.dropFirst(2))) else {
            throw ShapeError(path: path, message: "expected a step such as \"l:sha256:…\"")
        }
        self.init(siblingIsLeft: text.hasPrefix("l:"), sibling: digest)
    }
}

/// The tree over a rollout's frozen (cluster, application, bundle) leaves, shaped as in RFC 6962 §2.1: leaves and nodes are hashed with
/// different first bytes, and a node's left side is the largest power of two that is smaller than its count of leaves.
package struct MerkleTree: Sendable {
    package let leaves: [MerkleLeaf]
    private let digests: [Digest]

    /// Sorts by cluster and application (byte order); later duplicates of a (cluster, application) are a programmer's error.
    package init(_ leaves: some Sequence<MerkleLeaf>) {
        self.leaves = leaves.sorted()
        digests = self.leaves.map(\.digest)
    }

    /// The root; for no leaves the digest of nothing, as in RFC 6962.
    package var root: Digest { leaves.isEmpty ? .sha256([]) : Self.root(digests[...]) }

    /// The steps from the leaf to the root; `nil` where there is no such leaf.
    package func path(cluster: String, application: String) -> [MerkleStep]? {
        guard let index = leaves.firstIndex(where: { $0.cluster == cluster && $0.application == application }) else { return nil }
        var steps: [MerkleStep] = []
        Self.collect(digests[...], index: index, into: &steps)
        return steps
    }

    /// Whether `steps` lead from `leaf` to `root`.
    package static func verifies(_ leaf: MerkleLeaf, path steps: [MerkleStep], root: Digest) -> Bool {
        var digest = leaf.digest
        for step in steps { digest = step.siblingIsLeft ? node(step.sibling, digest) : node(digest, step.sibling) }
        return digest == root
    }

    private static func node(_ left: Digest, _ right: Digest) -> Digest { .sha256([1] + left.bytes + right.bytes) }

    private static func split(_ count: Int) -> Int {
        var width = 1
        while width * 2 < count { width *= 2 }
        return width
    }

    private static func root(_ digests: ArraySlice<Digest>) -> Digest {
        guard digests.count > 1 else { return digests[digests.startIndex] }
        let middle = digests.startIndex + split(digests.count)
        return node(root(digests[..<middle]), root(digests[middle...]))
    }

    private static func collect(_ digests: ArraySlice<Digest>, index: Int, into steps: inout [MerkleStep]) {
        guard digests.count > 1 else { return }
        let middle = digests.startIndex + split(digests.count)
        if index < middle {
            collect(digests[..<middle], index: index, into: &steps)
            steps.append(MerkleStep(siblingIsLeft: false, sibling: root(digests[middle...])))
        } else {
            collect(digests[middle...], index: index, into: &steps)
            steps.append(MerkleStep(siblingIsLeft: true, sibling: root(digests[..<middle])))
        }
    }
}
