// SPDX-License-Identifier: Apache-2.0

import Crypto
import Manifests

/// A self-signed certificate, its own authority: the server's, which clients trust (kubectl sends tokens over TLS only), or that of
/// the administrator, whom the server knows by it.
struct ServerCertificate: Sendable {
    let certificatePEM: String
    let keyPEM: String

    /// What a certificate is for.
    enum Purpose {
        /// Serves at this host, `localhost` and the loopback addresses.
        case server(host: String)
        /// Is the user `kubernetes-admin` of the group `system:masters`.
        case administrator

        fileprivate var file: String {
            switch self {
            case .server: "server.pem"
            case .administrator: "administrator.pem"
            }
        }
    }

    /// The one kept in a folder, or a new one, kept there when there is a folder.
    static func load(folder: String?, purpose: Purpose, now: Timestamp) throws -> ServerCertificate {
        let path = folder.map { "\($0)/\(purpose.file)" }
        if let path, let bytes = try Files.read(path), let known = ServerCertificate(text: String(decoding: bytes, as: UTF8.self)) {
            return known
        }
        let made = try ServerCertificate(purpose, now: now)
        if let folder, let path {
            try Files.makeFolder(folder)
            try Files.replace(path, with: Array((made.keyPEM + "\n" + made.certificatePEM).utf8))
        }
        return made
    }

    private init?(text: String) {
        guard let start = text.firstRange(of: "-----BEGIN CERTIFICATE-----")?.lowerBound else { return nil }
        keyPEM = String(text[..<start])
        certificatePEM = String(text[start...])
    }

    /// Makes a certificate, good for ten years.
    init(_ purpose: Purpose, now: Timestamp) throws {
        let key = P256.Signing.PrivateKey()
        let algorithm = DER.sequence([DER.identifier([0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02])])  // ecdsa-with-SHA256
        let name = Self.subject(purpose)
        var serial = (0..<15).map { _ in UInt8.random(in: 0...255) }
        serial[0] = serial[0] & 0x7f | 0x01
        let body = DER.sequence([
            DER.tagged(0xa0, DER.integer([2])), DER.integer(serial), algorithm, name,
            DER.sequence([
                DER.time(Timestamp(seconds: now.seconds - 86_400)), DER.time(Timestamp(seconds: now.seconds + 10 * 365 * 86_400)),
            ]), name, Array(key.publicKey.derRepresentation), DER.tagged(0xa3, DER.sequence(Self.extensions(purpose))),
        ])
        let signature = try key.signature(for: body)
        let certificate = DER.sequence([body, algorithm, DER.bits(Array(signature.derRepresentation))])
        certificatePEM = Self.pem("CERTIFICATE", certificate)
        keyPEM = key.pemRepresentation + "\n"
    }

    private static func subject(_ purpose: Purpose) -> [UInt8] {
        func part(_ last: UInt8, _ text: String) -> [UInt8] {
            DER.set([DER.sequence([DER.identifier([0x55, 0x04, last]), DER.text(text)])])
        }
        switch purpose {
        case .server: return DER.sequence([part(0x03, "Simulated clusters")])
        case .administrator: return DER.sequence([part(0x0a, "system:masters"), part(0x03, "kubernetes-admin")])
        }
    }

    private static func names(_ host: String) -> [[UInt8]] {
        var names = [DER.tagged(0x82, Array("localhost".utf8)), DER.tagged(0x87, [127, 0, 0, 1])]
        names.append(DER.tagged(0x87, [UInt8](repeating: 0, count: 15) + [1]))
        let parts = host.split(separator: ".").compactMap { UInt8($0) }
        if parts.count == 4 {
            if parts != [127, 0, 0, 1], parts != [0, 0, 0, 0] { names.append(DER.tagged(0x87, parts)) }
        } else if host != "localhost", !host.contains(":") {
            names.append(DER.tagged(0x82, Array(host.utf8)))
        }
        return names
    }

    private static func extensions(_ purpose: Purpose) -> [[UInt8]] {
        func item(_ last: UInt8, critical: Bool = false, _ value: [UInt8]) -> [UInt8] {
            DER.sequence([DER.identifier([0x55, 0x1d, last])] + (critical ? [[0x01, 0x01, 0xff]] : []) + [DER.tagged(0x04, value)])
        }
        func use(_ last: UInt8) -> [UInt8] {
            item(0x25, DER.sequence([DER.identifier([0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, last])]))
        }
        let common = [
            item(0x13, critical: true, DER.sequence([[0x01, 0x01, 0xff]])),  // a certificate authority
            item(0x0f, critical: true, [0x03, 0x02, 0x02, 0x84]),  // signs data and certificates
        ]
        switch purpose {
        case .server(let host): return common + [use(0x01), item(0x11, DER.sequence(names(host)))]
        case .administrator: return common + [use(0x02)]
        }
    }

    private static func pem(_ label: String, _ bytes: [UInt8]) -> String {
        var rest = Base64.encode(bytes)[...]
        var text = "-----BEGIN \(label)-----\n"
        while !rest.isEmpty {
            text += rest.prefix(64) + "\n"
            rest = rest.dropFirst(64)
        }
        return text + "-----END \(label)-----\n"
    }
}

/// The distinguished encoding rules of ASN.1 (X.690), as far as a certificate needs them.
private enum DER {
    static func tagged(_ tag: UInt8, _ content: [UInt8]) -> [UInt8] {
        let count = content.count
        if count < 128 { return [tag, UInt8(count)] + content }
        if count < 256 { return [tag, 0x81, UInt8(count)] + content }
        return [tag, 0x82, UInt8(count >> 8), UInt8(count & 255)] + content
    }

    static func sequence(_ items: [[UInt8]]) -> [UInt8] { tagged(0x30, Array(items.joined())) }
    static func set(_ items: [[UInt8]]) -> [UInt8] { tagged(0x31, Array(items.joined())) }
    static func identifier(_ bytes: [UInt8]) -> [UInt8] { tagged(0x06, bytes) }
    static func integer(_ bytes: [UInt8]) -> [UInt8] { tagged(0x02, bytes) }
    static func bits(_ bytes: [UInt8]) -> [UInt8] { tagged(0x03, [0] + bytes) }
    static func text(_ text: String) -> [UInt8] { tagged(0x0c, Array(text.utf8)) }

    /// UTCTime: years up to 2049.
    static func time(_ time: Timestamp) -> [UInt8] {
        let digits = Timestamp(seconds: time.seconds).rfc3339.filter(\.isNumber).dropFirst(2)
        return tagged(0x17, Array((digits + "Z").utf8))
    }
}
