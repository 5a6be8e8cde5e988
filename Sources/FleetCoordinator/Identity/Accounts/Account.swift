// SPDX-License-Identifier: Apache-2.0
import Manifests

/// A local account, as the key folder keeps it.
struct Account: Sendable, Hashable {
    var name: String
    var displayName: String
    var email: String?
    var groups: [String] = []
    var isDisabled = false
    var createdAt: Timestamp
    /// Sessions that are older than this have ended.
    var passwordChangedAt: Timestamp
    var password: PasswordHash

    /// All but the password's hash.
    var json: Value {
        .map([
            "name": .string(name), "displayName": .string(displayName), "email": Value(email), "groups": .texts(groups),
            "disabled": .bool(isDisabled), "createdAt": Value(createdAt), "passwordChangedAt": Value(passwordChangedAt),
        ])
    }

    /// As it stands in the file.
    var document: Value {
        guard case .map(var map) = json else { return .null }
        map["password"] = password.json
        return .map(map)
    }
}

extension Account {
    init(_ fields: Fields) throws(ShapeError) {
        name = try fields.string("name")
        guard AccountRules.isName(name) else { throw fields.failure("name", AccountRules.nameRule) }
        displayName = try fields.optionalString("displayName") ?? name
        email = try fields.optionalString("email")
        groups = try fields.strings("groups", limit: AccountRules.groupsMax)
        isDisabled = try fields.bool("disabled", default: false)
        createdAt = try fields.time("createdAt")
        passwordChangedAt = try fields.time("passwordChangedAt")
        password = try PasswordHash(fields.object("password"))
    }
}

/// What accounts may be called, and what may be a password.
enum AccountRules {
    static let nameMax = 64
    static let groupsMax = 64
    static let textMax = 200
    static let passwordMin = 12
    static let passwordMax = 1_024
    static let accountsMax = 10_000

    static let nameRule =
        "an account's name is 1 to \(nameMax) of a-z, 0-9, '.', '-', '_' and '@', beginning with a letter or digit, and not "
        + "'\(Principal.administratorName)', 'anybody' or 'coordinator'"

    /// Lower case only, so that no two names look the same; and none that the coordinator itself acts under.
    static func isName(_ text: String) -> Bool {
        guard let first = text.utf8.first, text.utf8.count <= nameMax, isLetterOrDigit(first),
            ![Principal.administratorName, "anybody", "coordinator"].contains(text)
        else { return false }
        return text.utf8.allSatisfy { isLetterOrDigit($0) || ".-_@".utf8.contains($0) }
    }

    static func checked(name: String) throws(APIFailure) -> String {
        guard isName(name) else { throw .invalid("'\(name.prefix(80))' is no name for an account", hint: nameRule) }
        return name
    }

    /// Texts for people: no control characters, on one line.
    static func checked(text: String, _ what: String) throws(APIFailure) -> String {
        guard text.utf8.count <= textMax, text.unicodeScalars.allSatisfy({ $0.value >= 32 && $0.value != 127 }) else {
            throw .invalid("'\(what)' is longer than \(textMax) bytes, or has control characters")
        }
        return text
    }

    static func checked(email: String?) throws(APIFailure) -> String? {
        guard let email, !email.isEmpty else { return nil }
        _ = try checked(text: email, "email")
        let parts = email.split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ !$0.isEmpty }), !email.contains(where: \.isWhitespace),
            !email.contains(where: { "<>\"',;".contains($0) })
        else { throw .invalid("'email' is no address such as anna@example.com") }
        return email
    }

    /// Sorted, each once.
    static func checked(groups: [String]) throws(APIFailure) -> [String] {
        guard groups.count <= groupsMax else { throw .invalid("more than \(groupsMax) groups") }
        for group in groups {
            _ = try checked(text: group, "groups")
            guard !group.isEmpty, !group.contains(","), !group.contains(where: \.isWhitespace) else {
                throw .invalid("'\(group)' is no name for a group: no spaces, no commas")
            }
        }
        return Array(Set(groups)).sorted()
    }

    static func checked(password: String, for name: String) throws(APIFailure) -> String {
        guard password.count >= passwordMin else { throw .invalid("the password has fewer than \(passwordMin) characters") }
        guard password.utf8.count <= passwordMax else { throw .invalid("the password is longer than \(passwordMax) bytes") }
        guard Set(password).count > 3, !password.lowercased().contains(name) || password.count >= 2 * name.count + passwordMin else {
            throw .invalid("the password is easy to guess", hint: "take a sentence, or let one be generated")
        }
        return password
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
}
