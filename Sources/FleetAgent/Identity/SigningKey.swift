// SPDX-License-Identifier: Apache-2.0
import Crypto
import KubernetesAPI
import Manifests
import SwiftASN1

/// A P-256 key of the agent's own: made by it, kept by it, and shown to nobody; others see what it signs.
package struct SigningKey: Sendable {
    private let key: P256.Signing.PrivateKey

    /// A new one.
    package init() { key = P256.Signing.PrivateKey() }

    /// - Returns: `nil` for what is no such key.
    init?(pem: String) {
        guard pem.utf8.count <= 4_096, let key = try? P256.Signing.PrivateKey(pemRepresentation: pem) else { return nil }
        self.key = key
    }

    /// PKCS #8, for where it is kept and for TLS; a secret.
    package var pem: String { key.pemRepresentation + "\n" }

    /// The public key, as certificates and requests hold it (SubjectPublicKeyInfo, RFC 5480).
    var publicKey: [UInt8] { Array(key.publicKey.derRepresentation) }

    /// By which the key is known to people: the SHA-256 of the public key.
    package var fingerprint: String { Manifests.Digest.sha256(publicKey).description }

    /// A request for a certificate, in PEM: PKCS #10 (RFC 2986), signed with ECDSA and SHA-256 (RFC 5758), without attributes.
    /// - Parameter name: the subject's common name; what counts in it is the key.
    package func certificateRequest(for name: String) throws -> String {
        let publicKey = publicKey
        let info = try Self.encoded { coder throws in
            try coder.appendConstructedNode(identifier: .sequence) { info throws in
                try info.serialize(0)
                try info.appendConstructedNode(identifier: .sequence) { subject throws in
                    try subject.appendConstructedNode(identifier: .set) { part throws in
                        try part.appendConstructedNode(identifier: .sequence) { attribute throws in
                            try attribute.serialize(ASN1ObjectIdentifier(elements: [2, 5, 4, 3]))  // commonName
                            try attribute.serialize(ASN1UTF8String(name))
                        }
                    }
                }
                info.serializeRawBytes(publicKey)
                info.appendConstructedNode(identifier: ASN1Identifier(tagWithNumber: 0, tagClass: .contextSpecific)) { _ in }
            }
        }
        let signature = try key.signature(for: info).derRepresentation
        let request = try Self.encoded { coder throws in
            try coder.appendConstructedNode(identifier: .sequence) { request throws in
                request.serializeRawBytes(info)
                try request.appendConstructedNode(identifier: .sequence) { algorithm throws in
                    try algorithm.serialize(ASN1ObjectIdentifier(elements: [1, 2, 840, 10_045, 4, 3, 2]))  // ecdsa-with-SHA256
                }
                try request.serialize(ASN1BitString(bytes: ArraySlice(signature)))
            }
        }
        return PEM.text("CERTIFICATE REQUEST", request)
    }

    private static func encoded(_ body: (inout DER.Serializer) throws -> Void) rethrows -> [UInt8] {
        var coder = DER.Serializer()
        try body(&coder)
        return coder.serializedBytes
    }
}

extension SigningKey: Hashable {
    package static func == (left: SigningKey, right: SigningKey) -> Bool { left.publicKey == right.publicKey }
    package func hash(into hasher: inout Hasher) { hasher.combine(publicKey) }
}

extension SigningKey: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "a key with the fingerprint \(fingerprint)" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: [:]) }
}

/// Texts that hold binary documents (RFC 7468).
enum PEM {
    static func text(_ label: String, _ bytes: [UInt8]) -> String {
        var rest = Base64.encode(bytes)[...]
        var text = "-----BEGIN \(label)-----\n"
        while !rest.isEmpty {
            text += rest.prefix(64) + "\n"
            rest = rest.dropFirst(64)
        }
        return text + "-----END \(label)-----\n"
    }

    /// The first document with this label; `nil` where there is none.
    static func first(_ label: String, in text: String) -> [UInt8]? {
        var inside: String?
        for line in text.split(whereSeparator: \.isNewline) {
            let line = line.filter { !$0.isWhitespace || $0 == " " }
            if line == "-----BEGIN \(label)-----" {
                inside = ""
            } else if line == "-----END \(label)-----" {
                return inside.flatMap { Base64.decode($0) }
            } else if inside != nil {
                inside? += line
            }
        }
        return nil
    }
}
