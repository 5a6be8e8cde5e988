// SPDX-License-Identifier: Apache-2.0
import Manifests
import SecretsDecryption

/// Makes the example's encrypted Secrets one's own.
///
/// Nobody has the key that the committed ones are encrypted for. So each of their values becomes a password that was never seen anywhere,
/// encrypted for the key of whoever begins here.
enum SeedSecrets {
    /// The files with every encrypted manifest among them encrypted for `recipient`.
    static func renewing(
        _ files: [String: [UInt8]], for recipient: AgeRecipient, using random: inout some RandomNumberGenerator, at time: Timestamp
    ) throws -> [String: [UInt8]] {
        var files = files
        for (path, bytes) in files.sorted(by: { $0.key < $1.key }) where path.hasSuffix(".yaml") && SOPS.mentionsEncryptedText(bytes) {
            var documents = try YAML.documents(bytes, scalars: .kustomize)
            guard documents.contains(where: SOPS.isEncrypted) else { continue }
            for index in documents.indices {
                documents[index]["sops"] = nil
                documents[index] = renewing(documents[index], using: &random)
            }
            let sealed = try SOPS.encrypt(documents: documents, for: ["\(recipient)"], using: &random, at: time)
            files[path] = Array(YAML.write(documents: sealed).utf8)
        }
        return files
    }

    private static func renewing(_ value: Value, using random: inout some RandomNumberGenerator) -> Value {
        switch value {
        case .null, .bool, .int, .decimal: return value
        case .string(let text): return SOPS.isEncryptedText(text) ? .string(password(using: &random)) : value
        case .list(let items): return .list(items.map { renewing($0, using: &random) })
        case .map(let map):
            return .map(Map(unique: map.map { Map.Entry(key: $0.key, value: renewing($0.value, using: &random)) }))
        }
    }

    /// 32 letters and digits: 190 bits.
    private static func password(using random: inout some RandomNumberGenerator) -> String {
        let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789".utf8)
        return String(decoding: (0..<32).map { _ in letters[Int.random(in: letters.indices, using: &random)] }, as: UTF8.self)
    }
}

/// The age key of the clusters that `up` starts agents for: made once, readable for its owner alone.
enum LocalAgeKey {
    /// Reads the key's file, or makes it.
    static func open(_ path: String, at time: Timestamp) throws -> AgeRecipient {
        if !LocalFile.exists(path) {
            var random = SystemRandomNumberGenerator()
            let text = try AgeIdentity.generate(using: &random).fileText(createdAt: time)
            try LocalFile.write(Array(text.utf8), to: path, mode: 0o600)
        }
        let text = String(decoding: try LocalFile.read(path, limit: 64 << 10), as: UTF8.self)
        do {
            guard let first = try Identities(parsing: text).all.first else { throw Failure("\(path): there is no key in it") }
            return first.recipient
        } catch let error as SecretsError {
            throw Failure("\(path): \(error)", hint: "put the key back; without it, what was encrypted for it cannot be read")
        }
    }
}
