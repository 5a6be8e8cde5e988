// SPDX-License-Identifier: Apache-2.0
import Crypto
import Manifests

/// Decrypts a document's values in order, and takes the code over them.
struct DocumentWalk {
    /// Without one, everything but the decrypting is done: each encrypted text stands for itself.
    private let key: SymmetricKey?
    private let selection: KeySelection
    private let coversOnlyEncrypted: Bool
    private let isSeveral: Bool

    private var hash = SHA512()
    private(set) var plaintexts: [String: OpenedDocument.Plaintext] = [:]
    private(set) var literals: Set<String> = []
    /// Where it is, also after an error.
    private(set) var path: [PathStep] = []
    private var part = 0

    init(_ metadata: SOPSMetadata, key: SymmetricKey?, parts: Int) throws(SecretsError) {
        self.key = key
        selection = try KeySelection(metadata.rule)
        coversOnlyEncrypted = metadata.coversOnlyEncrypted
        isSeveral = parts > 1
        if coversOnlyEncrypted { hash.update(data: Self.onlyEncryptedStart) }
    }

    /// What the code begins with where it covers encrypted values only: SHA-256 of `sops`.
    static let onlyEncryptedStart = Array(SHA256.hash(data: Array("sops".utf8)))

    /// One part of the document, without its metadata.
    mutating func decrypt(_ document: Value) throws(SecretsError) -> Value {
        part += 1
        return try walk(document, additional: "", matched: false) ?? .null
    }

    /// The code in the notation of SOPS: 128 upper-case hexadecimal digits.
    consuming func code() -> [UInt8] { hash.finalize().flatMap { Self.hex($0) } }

    static func hex(_ byte: UInt8) -> [UInt8] {
        [byte >> 4, byte & 15].map { $0 < 10 ? UInt8(ascii: "0") + $0 : UInt8(ascii: "A") + $0 - 10 }
    }

    /// - Parameters:
    ///   - additional: the keys on the way here, each with a colon behind; the items of a list share their list's.
    ///   - matched: whether the document's rule matches any of those keys.
    /// - Returns: `nil` for a comment: SOPS writes an encrypted one inside a list as an item of its own.
    private mutating func walk(_ value: Value, additional: String, matched: Bool) throws(SecretsError) -> Value? {
        switch value {
        case .null: return .null
        case .list(let items):
            var opened: [Value] = []
            opened.reserveCapacity(items.count)
            for (index, item) in items.enumerated() {
                path.append(.index(index))
                if let value = try walk(item, additional: additional, matched: matched) { opened.append(value) }
                path.removeLast()
            }
            return .list(opened)
        case .map(let map):
            var entries: [Map.Entry] = []
            entries.reserveCapacity(map.count)
            for entry in map {
                path.append(.key(entry.key))
                let value = try walk(
                    entry.value, additional: "\(additional)\(entry.key):", matched: matched || selection.matches(entry.key))
                guard let value else { throw failure(.malformedValue, "a comment where a value is expected") }
                entries.append(Map.Entry(key: entry.key, value: value))
                path.removeLast()
            }
            return .map(Map(unique: entries))
        case .bool, .int, .decimal, .string:
            if selection.encrypts(matched: matched, value.string) { return try open(value, additional: additional) }
            guard let plain = PlainBytes.encode(value) else { throw failure(.malformedValue, "a number that no double can hold") }
            if !coversOnlyEncrypted { hash.update(data: plain.bytes) }
            if let text = value.string, text.contains(EncryptedText.marker) { literals.insert(text) }
            return value
        }
    }

    private mutating func open(_ value: Value, additional: String) throws(SecretsError) -> Value? {
        guard let text = value.string else {
            throw failure(.malformedValue, "must be encrypted, but is \(value.kindName) in clear; encrypt the document again")
        }
        if text.isEmpty { return value }
        guard let encrypted = EncryptedText(text) else {
            throw failure(
                .malformedValue,
                EncryptedText.looksEncrypted(text)
                    ? "an encrypted value that is cut short or of an unknown type"
                    : "must be encrypted, but is in clear; encrypt the document again")
        }
        let isInMetadata = path.first == .key("metadata") || plaintexts[text]?.isInMetadata == true
        guard let key else {
            plaintexts[text] = OpenedDocument.Plaintext(value: value, isInMetadata: isInMetadata)
            return value
        }
        guard let bytes = encrypted.open(key, authenticating: additional) else {
            throw failure(.tamperedValue, "the encrypted value was changed, or moved here from another place")
        }
        if encrypted.kind == .comment {
            plaintexts[text] = OpenedDocument.Plaintext(value: nil, isInMetadata: isInMetadata)
            return nil
        }
        guard let plain = PlainBytes.decode(bytes, encrypted.kind) else {
            throw failure(
                .malformedValue,
                "this is no value of its type '\(encrypted.kind.rawValue)', or not UTF-8; put binary data in base64 into 'data'"
            )
        }
        hash.update(data: plain.bytes)
        plaintexts[text] = OpenedDocument.Plaintext(value: plain.value, isInMetadata: isInMetadata)
        return plain.value
    }

    private func failure(_ code: SecretsError.Code, _ message: String) -> SecretsError {
        SecretsError(code, at: (isSeveral ? "document \(part): " : "") + path.text, message)
    }
}
