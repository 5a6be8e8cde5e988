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
        var bytes: [UInt8] = []
        return digest(using: &bytes)
    }

    /// The same, written into `bytes`: a tree has as many leaves as a fleet has applications on clusters.
    fileprivate func digest(using bytes: inout [UInt8]) -> Digest {
        bytes.removeAll(keepingCapacity: true)
        bytes.append(0)
        guard application.isItsOwnJSON, cluster.isItsOwnJSON else {
            let document: Value = .map([
                "application": .string(application), "bundle": .string(bundle.description), "cluster": .string(cluster),
            ])
            return .sha256(bytes + Canonical.bytes(document))
        }
        // Names of applications and clusters are DNS labels: their canonical form is they themselves in quotes.
        bytes.append(contentsOf: #"{"application":""#.utf8)
        bytes.append(contentsOf: application.utf8)
        bytes.append(contentsOf: #"","bundle":""#.utf8)
        bytes.append(contentsOf: bundle.description.utf8)
        bytes.append(contentsOf: #"","cluster":""#.utf8)
        bytes.append(contentsOf: cluster.utf8)
        bytes.append(contentsOf: #""}"#.utf8)
        return .sha256(bytes)
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
///
/// Every node is hashed once, when the tree is made; a path is then read off in as many steps as it has.
package struct MerkleTree: Sendable {
    package let leaves: [MerkleLeaf]
    /// The leaves' digests, then each level's above them, up to the root alone. A level's last node that has no neighbour stands for itself
    /// in the next one, which gives RFC 6962's shape.
    private let levels: [[Digest]]

    /// Sorts by cluster and application (byte order); later duplicates of a (cluster, application) are a programmer's error.
    package init(_ leaves: some Sequence<MerkleLeaf>) {
        self.leaves = leaves.sorted()
        var buffer: [UInt8] = []
        buffer.reserveCapacity(256)
        var level = self.leaves.map { $0.digest(using: &buffer) }
        var levels = [level]
        while level.count > 1 {
            var next: [Digest] = []
            next.reserveCapacity((level.count + 1) / 2)
            for index in stride(from: 0, to: level.count - 1, by: 2) { next.append(Self.node(level[index], level[index + 1], &buffer)) }
            if !level.count.isMultiple(of: 2) { next.append(level[level.count - 1]) }
            levels.append(next)
            level = next
        }
        self.levels = levels
    }

    /// The root; for no leaves the digest of nothing, as in RFC 6962.
    package var root: Digest { levels.last?.first ?? .sha256([]) }

    /// The steps from the leaf to the root; `nil` where there is no such leaf.
    package func path(cluster: String, application: String) -> [MerkleStep]? {
        guard var index = index(cluster: cluster, application: application) else { return nil }
        var steps: [MerkleStep] = []
        for level in levels.dropLast() {
            let sibling = index ^ 1
            if sibling < level.count { steps.append(MerkleStep(siblingIsLeft: sibling < index, sibling: level[sibling])) }
            index /= 2
        }
        return steps
    }

    /// The bundle that an application has on a cluster; `nil` where it has none.
    package func bundle(cluster: String, application: String) -> Digest? {
        index(cluster: cluster, application: application).map { leaves[$0].bundle }
    }

    private func index(cluster: String, application: String) -> Int? {
        var low = 0
        var high = leaves.count
        while low < high {
            let middle = (low + high) / 2
            if (leaves[middle].cluster, leaves[middle].application) < (cluster, application) { low = middle + 1 } else { high = middle }
        }
        return low < leaves.count && leaves[low].cluster == cluster && leaves[low].application == application ? low : nil
    }

    /// Whether `steps` lead from `leaf` to `root`.
    package static func verifies(_ leaf: MerkleLeaf, path steps: [MerkleStep], root: Digest) -> Bool {
        var buffer: [UInt8] = []
        var digest = leaf.digest
        for step in steps {
            digest = step.siblingIsLeft ? node(step.sibling, digest, &buffer) : node(digest, step.sibling, &buffer)
        }
        return digest == root
    }

    private static func node(_ left: Digest, _ right: Digest, _ buffer: inout [UInt8]) -> Digest {
        buffer.removeAll(keepingCapacity: true)
        buffer.append(1)
        left.append(to: &buffer)
        right.append(to: &buffer)
        return .sha256(buffer)
    }
}
