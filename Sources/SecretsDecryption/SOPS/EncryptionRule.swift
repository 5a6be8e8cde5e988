// SPDX-License-Identifier: Apache-2.0
import RegularExpressions

/// Which values of a document are encrypted, as its metadata says; a document has exactly one such rule.
///
/// A rule looks at every key on the way to a value: what it says of a key holds for everything below.
package enum EncryptionRule: Sendable, Hashable {
    /// All but those under a key that ends so; `_unencrypted` where a document names no rule.
    case unencryptedSuffix(String)
    /// Only those under a key that ends so.
    case encryptedSuffix(String)
    /// All but those under a key that matches, anywhere in it unless the pattern has anchors.
    case unencryptedRegex(String)
    /// Only those under a key that matches.
    case encryptedRegex(String)
    /// As a comment near the value says. Comments are not part of a document's value, nor of its code, so with these rules a value
    /// counts as encrypted when it looks so; the code over all values guards the rest.
    case encryptedCommentRegex(String)
    case unencryptedCommentRegex(String)

    /// What suits Kubernetes' own Secrets: names and labels stay readable.
    package static let secretData = EncryptionRule.encryptedRegex("^(data|stringData)$")

    static let standard = EncryptionRule.unencryptedSuffix("_unencrypted")

    /// The metadata's member and what it holds.
    var member: (name: String, text: String) {
        switch self {
        case .unencryptedSuffix(let text): ("unencrypted_suffix", text)
        case .encryptedSuffix(let text): ("encrypted_suffix", text)
        case .unencryptedRegex(let text): ("unencrypted_regex", text)
        case .encryptedRegex(let text): ("encrypted_regex", text)
        case .encryptedCommentRegex(let text): ("encrypted_comment_regex", text)
        case .unencryptedCommentRegex(let text): ("unencrypted_comment_regex", text)
        }
    }

    init?(member: String, text: String) {
        switch member {
        case "unencrypted_suffix": self = .unencryptedSuffix(text)
        case "encrypted_suffix": self = .encryptedSuffix(text)
        case "unencrypted_regex": self = .unencryptedRegex(text)
        case "encrypted_regex": self = .encryptedRegex(text)
        case "encrypted_comment_regex": self = .encryptedCommentRegex(text)
        case "unencrypted_comment_regex": self = .unencryptedCommentRegex(text)
        default: return nil
        }
    }

    static let members = [
        "unencrypted_suffix", "encrypted_suffix", "unencrypted_regex", "encrypted_regex", "encrypted_comment_regex",
        "unencrypted_comment_regex",
    ]
}

/// A rule made ready for looking at keys.
struct KeySelection {
    private enum Test {
        case suffix(String)
        case pattern(RegularExpression)
        case form
    }

    private let test: Test
    private let encryptsMatches: Bool

    init(_ rule: EncryptionRule) throws(SecretsError) {
        switch rule {
        case .unencryptedSuffix(let suffix): (test, encryptsMatches) = (.suffix(suffix), false)
        case .encryptedSuffix(let suffix): (test, encryptsMatches) = (.suffix(suffix), true)
        case .unencryptedRegex(let pattern): (test, encryptsMatches) = (.pattern(try Self.compile(pattern, rule)), false)
        case .encryptedRegex(let pattern): (test, encryptsMatches) = (.pattern(try Self.compile(pattern, rule)), true)
        case .encryptedCommentRegex, .unencryptedCommentRegex: (test, encryptsMatches) = (.form, true)
        }
    }

    private static func compile(_ pattern: String, _ rule: EncryptionRule) throws(SecretsError) -> RegularExpression {
        do {
            return try RegularExpression(pattern)
        } catch {
            throw SecretsError(.malformedMetadata, at: "sops.\(rule.member.name)", "\(error)")
        }
    }

    /// Whether values have to be judged by what they look like.
    var isByForm: Bool { if case .form = test { true } else { false } }

    func matches(_ key: String) -> Bool {
        switch test {
        // Bytes, as SOPS compares: Swift's own `hasSuffix` takes equivalent characters for equal.
        case .suffix(let suffix): key.utf8.count >= suffix.utf8.count && key.utf8.suffix(suffix.utf8.count).elementsEqual(suffix.utf8)
        case .pattern(let expression): expression.matches(key)
        case .form: false
        }
    }

    /// - Parameter matched: whether any key on the way to the value matches.
    func encrypts(matched: Bool, _ value: @autoclosure () -> String?) -> Bool {
        isByForm ? value().map { EncryptedText.looksEncrypted($0) } ?? false : matched == encryptsMatches
    }
}
