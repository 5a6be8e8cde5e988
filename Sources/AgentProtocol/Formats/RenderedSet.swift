// SPDX-License-Identifier: Apache-2.0
package import Manifests

/// What an approval or a rejection binds to: the sorted distinct bundle digests per application, without cluster names, so that an
/// enrolment changes neither.
package struct RenderedSet: Sendable, Hashable {
    package let bundles: [String: Set<Digest>]

    package init(_ leaves: some Sequence<MerkleLeaf>) {
        bundles = leaves.reduce(into: [:]) { $0[$1.application, default: []].insert($1.bundle) }
    }

    package var document: Value {
        let applications = bundles.sorted { $0.key < $1.key }.map { name, digests in
            (name, Value.list(digests.sorted().map { .string($0.description) }))
        }
        return .map(["applications": .map(Map(applications)), "format": "flotilla.dev/rendered-set/v1"])
    }

    package var digest: Digest { Canonical.digest(document) }
}
