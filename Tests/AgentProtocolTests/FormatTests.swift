// SPDX-License-Identifier: Apache-2.0
import Manifests
import Testing

@testable import AgentProtocol

/// The vectors of `docs/reference/formats.md`, computed there with other tools.
enum Vectors {
    static let object = "sha256:6b9edd057460f017c53afa40c1a0a4b3cd19e252d63b138a87f368030a59d59c"
    /// Of the bytes `a` and `b`.
    static let a = "sha256:ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"
    static let b = "sha256:3e23e8160039594a33894f6564e1b1348bbd7a0088d42c4acb73eeaed59c009d"

    static func leaves(_ count: Int) throws -> [MerkleLeaf] {
        let bundle = try #require(Digest(a))
        return (0..<count).map { MerkleLeaf(cluster: "cluster-\($0 + 1)", application: "web", bundle: bundle) }
    }
}

@Suite struct FormatTests {
    @Test func objects() throws {
        let text = #"{"kind": "ConfigMap", "apiVersion": "v1", "metadata": {"namespace": "shop", "name": "web"}, "#
        let object = try JSON.read(Array((text + #""data": {"port": "80", "greeting": "Gr\u00fc\u00dfe"}}"#).utf8))
        #expect(Canonical.digest(object).description == Vectors.object)
    }

    @Test func bundles() throws {
        let object = try #require(Digest(Vectors.object))
        let a = try #require(Digest(Vectors.a))
        let b = try #require(Digest(Vectors.b))
        #expect(
            Bundle(entries: []).digest.description == "sha256:d5885a16a87831280ab1e04b7891f7129d3aabe37f8ef16ef2b692647975c162")
        #expect(
            Bundle(entries: [.init(object: object), .init(object: a)]).digest.description
                == "sha256:1def66c583aa01b7d5159d7cb845efc8dfb6fc7a7c700d819ff0f51c5a073f8f")
        #expect(
            Bundle(entries: [.init(object: object), .init(object: a, original: b)]).digest.description
                == "sha256:46df7888ac01c61b2f669e887845e54fee1f3ae335ede21326ee1952a05549fb")
    }

    @Test(arguments: [
        (0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        (1, "b21290ef45adc7597e8405c3987c4b606cd3c69929d226e5e19b500bbc565236"),
        (2, "c614730afecee3beefdeb9504a34e69f9c54a4ee4d84beb42e5ef8a887dd90ae"),
        (3, "9172e4640d10b8ae64dddf489f58f5dfab98f67bb8755c9cbfdea9f78ea916d0"),
        (5, "4265cdbe30766880509a846b8985601462e81dec1d023fd238f7fcb87c54627b"),
    ])
    func merkleRoots(count: Int, root: String) throws {
        let tree = MerkleTree(try Vectors.leaves(count).reversed())
        #expect(tree.root.hex == root)
        for leaf in tree.leaves {
            let path = try #require(tree.path(cluster: leaf.cluster, application: leaf.application))
            #expect(MerkleTree.verifies(leaf, path: path, root: tree.root))
            let other = MerkleLeaf(cluster: leaf.cluster, application: "api", bundle: leaf.bundle)
            #expect(!MerkleTree.verifies(other, path: path, root: tree.root))
        }
        #expect(tree.path(cluster: "cluster-9", application: "web") == nil)
    }

    @Test("trees of every size have RFC 6962's shape, and every path leads to the root", arguments: 0...70)
    func merkleShape(count: Int) throws {
        // Section 2.1 as it is written there.
        func root(_ digests: ArraySlice<Digest>) -> Digest {
            guard digests.count > 1 else { return digests.first ?? .sha256([]) }
            var width = 1
            while width * 2 < digests.count { width *= 2 }
            let middle = digests.startIndex + width
            return .sha256([1] + root(digests[..<middle]).bytes + root(digests[middle...]).bytes)
        }
        let tree = MerkleTree(try Vectors.leaves(count))
        #expect(tree.root == root(tree.leaves.map(\.digest)[...]))
        for leaf in tree.leaves {
            let path = try #require(tree.path(cluster: leaf.cluster, application: leaf.application))
            #expect(MerkleTree.verifies(leaf, path: path, root: tree.root))
            #expect(tree.bundle(cluster: leaf.cluster, application: leaf.application) == leaf.bundle)
        }
    }

    @Test("a name that JSON escapes is hashed as its canonical form") func merkleEscapes() throws {
        let bundle = try #require(Digest(Vectors.a))
        let leaf = MerkleLeaf(cluster: "a\"b", application: "grün", bundle: bundle)
        let document: Value = ["application": "grün", "bundle": .string(bundle.description), "cluster": "a\"b"]
        #expect(leaf.digest == .sha256([0] + Canonical.bytes(document)))
        let plain = MerkleLeaf(cluster: "one", application: "web", bundle: bundle)
        let other: Value = ["application": "web", "bundle": .string(bundle.description), "cluster": "one"]
        #expect(plain.digest == .sha256([0] + Canonical.bytes(other)))
    }

    @Test func merklePaths() throws {
        let tree = MerkleTree(try Vectors.leaves(5))
        let third = try #require(tree.path(cluster: "cluster-3", application: "web"))
        #expect(
            third.compactMap(\.json.string) == [
                "r:sha256:376e51babd627143b08ad2a3c48f3873e07db04748efa1f1e4a223448491e6c3",
                "l:sha256:c614730afecee3beefdeb9504a34e69f9c54a4ee4d84beb42e5ef8a887dd90ae",
                "r:sha256:2e46082074b0d328ec6d6a9e6619cb0768ee62c05b6a071f09f7e048408cd422",
            ])
        let fifth = try #require(tree.path(cluster: "cluster-5", application: "web"))
        #expect(
            fifth.compactMap(\.json.string) == ["l:sha256:fc45f76621b29c4a42a2dedf3eadf4b39b01cb2b228a79155c95948c0f730705"])
    }

    @Test func renderedSets() throws {
        let object = try #require(Digest(Vectors.object))
        let a = try #require(Digest(Vectors.a))
        let b = try #require(Digest(Vectors.b))
        let leaves = [
            MerkleLeaf(cluster: "one", application: "web", bundle: a), MerkleLeaf(cluster: "one", application: "api", bundle: b),
            MerkleLeaf(cluster: "two", application: "web", bundle: object), MerkleLeaf(cluster: "two", application: "api", bundle: b),
        ]
        let digest = "sha256:e6de2b8e35b192d12fc774acda8fb06871ba6f10ac4a6acb00148432b415404f"
        #expect(RenderedSet(leaves).digest.description == digest)
        let more = leaves + [MerkleLeaf(cluster: "three", application: "web", bundle: a)]
        #expect(RenderedSet(more).digest.description == digest)
        for set in [
            RenderedSet([]), RenderedSet(leaves), RenderedSet(leaves + [MerkleLeaf(cluster: "one", application: "a\"ü", bundle: a)]),
        ] {
            #expect(set.digest == Canonical.digest(set.document))
        }
    }

    @Test func generations() {
        #expect(Generation(epoch: 3, counter: 42).description == "3.42")
        #expect(Generation("3.42") == Generation(epoch: 3, counter: 42))
        #expect(Generation(epoch: 2, counter: 1) > Generation(epoch: 1, counter: 99))
        #expect(Generation(epoch: 1, counter: 10) > Generation(epoch: 1, counter: 9))
        for text in ["", "1", "1.", ".1", "1.2.3", "-1.2", "1.-2", "a.b", "1.99999999999999999999", " 1.2"] {
            #expect(Generation(text) == nil, "\(text)")
        }
    }

    @Test func applySets() {
        #expect(Ownership.applySetID(application: "web") == "applyset-AaPhOLqeC5qnJOoeSwXuoYCgtfvxF21yeGQTyraXsT4-v1")
    }
}
