// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import Glibc
import Manifests
import Testing
import Threads

@testable import FleetCoordinator
@testable import Rendering

@Suite("The keys of readable Secrets") struct SealingKeysTests {
    private static let one = String(repeating: "a1", count: 32)
    private static let two = String(repeating: "b2", count: 32)
    private static let text = Array("hunter2".utf8)
    private static let digest = Manifests.Digest.sha256("a name")

    @Test("what is sealed opens under its own digest only, and unchanged only")
    func binding() throws {
        let keys = try SealingKeys(parsing: Self.one)
        let sealed = try keys.seal(Self.text, as: Self.digest)
        #expect(try keys.open(sealed, as: Self.digest) == Self.text)
        #expect(try keys.seal(Self.text, as: Self.digest) != sealed)
        #expect(throws: SealingKeys.Failure.cannotOpen) { try keys.open(sealed, as: .sha256("another")) }
        for index in sealed.indices {
            var changed = sealed
            changed[index] ^= 1
            #expect(throws: SealingKeys.Failure.cannotOpen) { try keys.open(changed, as: Self.digest) }
        }
        for length in 0..<sealed.count {
            #expect(throws: SealingKeys.Failure.cannotOpen) { try keys.open(Array(sealed[..<length]), as: Self.digest) }
        }
    }

    @Test("the first key seals, every key opens, the last one makes the salts")
    func rotation() throws {
        let old = try SealingKeys(parsing: Self.one)
        let both = try SealingKeys(parsing: "# new\n\n\(Self.two)\r\n  \(Self.one.uppercased())  \n")
        let new = try SealingKeys(parsing: Self.two)
        let before = try old.seal(Self.text, as: Self.digest)
        let after = try both.seal(Self.text, as: Self.digest)
        #expect(try both.open(before, as: Self.digest) == Self.text && new.open(after, as: Self.digest) == Self.text)
        #expect(throws: SealingKeys.Failure.cannotOpen) { try new.open(before, as: Self.digest) }
        #expect(throws: SealingKeys.Failure.cannotOpen) { try old.open(after, as: Self.digest) }
        #expect(both.salt(Self.text) == old.salt(Self.text) && both.saltName == old.saltName)
        #expect(new.salt(Self.text) != old.salt(Self.text) && new.saltName != old.saltName)
        #expect(both.sealPrefix == new.sealPrefix && both.sealPrefix.count == 9)
    }

    @Test("a file that cannot be is refused without a word of what it holds")
    func files() {
        #expect(throws: SealingKeys.Failure.noKey) { try SealingKeys(parsing: "# nothing\n") }
        #expect(throws: SealingKeys.Failure.malformedLine(2)) { try SealingKeys(parsing: "\(Self.one)\nsecret\n") }
        #expect(throws: SealingKeys.Failure.tooManyKeys) {
            try SealingKeys(parsing: String(repeating: Self.one + "\n", count: SealingKeys.countMax + 1))
        }
    }

    @Test("the key folder makes one, and keeps it")
    func keyFolder() throws {
        let folder = "/tmp/flotilla-test-\(getpid())-\(UInt64.random(in: .min ... .max))"
        let first = try KeyFolder(path: folder, administratorTokenPath: "\(folder)-token")
        defer { for name in ["agent", "session", "sealing", "signing"] { unlink("\(folder)/\(name).key") } }
        let second = try KeyFolder(path: folder, administratorTokenPath: "\(folder)-token")
        let sealed = try first.sealing.seal(Self.text, as: Self.digest)
        #expect(try second.sealing.open(sealed, as: Self.digest) == Self.text)
        #expect(FileStatus(path: "\(folder)/sealing.key")?.permissions == 0o600)
        unlink("\(folder)-token")
    }

    @Test("a readable Secret is kept sealed, under a digest that its content does not tell")
    func keeping() throws {
        let keys = try SealingKeys(parsing: Self.one)
        let secret: Value = ["apiVersion": "v1", "kind": "Secret", "metadata": ["name": "a"], "stringData": ["pin": "1234"]]
        let bytes = Canonical.bytes(secret)
        let other = Array("{}".utf8)
        var made = MadeRenders()
        made.objects[.sha256(bytes)] = MadeRenders.Content(bytes: bytes, isReadableSecret: true)
        made.objects[.sha256(other)] = MadeRenders.Content(bytes: other)
        made.originals[.sha256("file")] = MadeRenders.Content(bytes: Array("file".utf8))
        let recipe = Recipe(path: "p", namespace: nil, substitute: false, allowClearSecrets: true)
        let trace = RenderTrace(recipe: recipe, reads: ReadSet([]), answers: [])
        made.renders = [
            MadeRenders.Render(
                trace: trace,
                result: .success([.init(object: .sha256(bytes)), .init(object: .sha256(other), original: .sha256("file"))]))
        ]
        let kept = try KeptRenders(made, sealing: keys)
        #expect(kept.objects.count == 2 && kept.originals.map(\.text) == ["file"])
        let sealed = try #require(kept.objects.first { $0.sealed != nil })
        var opened = try JSON.read(try sealed.opened(by: keys))
        #expect(sealed.digest == Canonical.digest(opened) && sealed.digest != .sha256(bytes))
        #expect(opened[SecretSalt.member]?.string?.count == 64)
        SecretSalt.remove(from: &opened)
        #expect(opened == secret)
        let bundle = try kept.renders[0].result.get()
        #expect(bundle.entries == [.init(object: sealed.digest), .init(object: .sha256(other), original: .sha256("file"))])
        // Another time the same, with another key another one.
        #expect(try KeptRenders(made, sealing: keys).renders[0].result.get() == bundle)
        #expect(try KeptRenders(made, sealing: SealingKeys(parsing: Self.two)).renders[0].result.get() != bundle)
    }
}
