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

    /// The digest of the canonical document. Names of applications are DNS labels, so that it need not be made first: a fleet has thousands.
    package var digest: Digest {
        let applications = bundles.sorted { $0.key < $1.key }
        guard applications.allSatisfy({ $0.key.isItsOwnJSON }) else { return Canonical.digest(document) }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(applications.count * 112 + 64)
        bytes.append(contentsOf: #"{"applications":{"#.utf8)
        for (index, application) in applications.enumerated() {
            bytes.append(contentsOf: (index > 0 ? #",""# : #"""#).utf8)
            bytes.append(contentsOf: application.key.utf8)
            bytes.append(contentsOf: #"":["#.utf8)
            for (index, digest) in (application.value.count > 1 ? application.value.sorted() : Array(application.value)).enumerated() {
                bytes.append(contentsOf: (index > 0 ? #",""# : #"""#).utf8)
                bytes.append(contentsOf: digest.description.utf8)
                bytes.append(UInt8(ascii: "\""))
            }
            bytes.append(UInt8(ascii: "]"))
        }
        bytes.append(contentsOf: #"},"format":"flotilla.dev/rendered-set/v1"}"#.utf8)
        return .sha256(bytes)
    }
}

extension String {
    /// Whether the text's JSON, canonical too, is the text itself in quotes.
    var isItsOwnJSON: Bool {
        utf8.allSatisfy { (0x20...0x7e).contains($0) && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }
    }
}
