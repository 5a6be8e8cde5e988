// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import Manifests
import Rendering

/// New renders in the form in which they are stored: readable Secrets are sealed, and have digests that give nothing away.
struct KeptRenders: Sendable {
    struct Render: Sendable {
        let trace: RenderTrace
        let result: Result<Bundle, RenderFailure>
    }

    let renders: [Render]
    /// In the order of their digests, and so in one order everywhere: two who keep the same never wait for each other in a circle.
    let objects: [StoredBody]
    let originals: [StoredBody]

    init(_ made: MadeRenders, sealing: SealingKeys) throws {
        var names: [Digest: Digest] = [:]
        objects = try made.objects.map { digest, content in
            guard content.isReadableSecret else {
                return StoredBody(digest: digest, content: .readable(String(decoding: content.bytes, as: UTF8.self)))
            }
            let salted = try Self.salt(content.bytes, sealing)
            let name = Digest.sha256(salted)
            names[digest] = name
            return StoredBody(digest: name, content: .sealed(try sealing.seal(salted, as: name)))
        }.sorted { $0.digest < $1.digest }
        // An encrypted file has keys and nonces of its own: its digest can stay as it is.
        originals = try made.originals.map { digest, content in
            StoredBody(
                digest: digest,
                content: content.isReadableSecret
                    ? .sealed(try sealing.seal(content.bytes, as: digest)) : .readable(String(decoding: content.bytes, as: UTF8.self)))
        }.sorted { $0.digest < $1.digest }
        renders = made.renders.map { render in
            Render(
                trace: render.trace,
                result: render.result.map { members in
                    Bundle(entries: members.map { Bundle.Entry(object: names[$0.object] ?? $0.object, original: $0.original) })
                })
        }
    }

    private static func salt(_ canonical: [UInt8], _ sealing: SealingKeys) throws -> [UInt8] {
        var object = try JSON.read(canonical)
        object[SecretSalt.member] = .string(sealing.salt(canonical))
        return Canonical.bytes(object)
    }
}

/// An object's canonical form, or an encrypted file, under its digest.
struct StoredBody: Sendable {
    enum Content: Sendable {
        case readable(String)
        /// As `SealingKeys` seals.
        case sealed([UInt8])
    }

    let digest: Digest
    let content: Content

    /// The text of what is readable.
    var text: String? {
        guard case .readable(let text) = content else { return nil }
        return text
    }

    var sealed: [UInt8]? {
        guard case .sealed(let bytes) = content else { return nil }
        return bytes
    }

    /// What it is, opened where it is sealed.
    func opened(by keys: SealingKeys) throws(SealingKeys.Failure) -> String {
        switch content {
        case .readable(let text): text
        case .sealed(let bytes): String(decoding: try keys.open(bytes, as: digest), as: UTF8.self)
        }
    }
}
