// SPDX-License-Identifier: Apache-2.0
import Manifests

/// Two people of the example fleet, so that it can be seen who may do what: one may approve what comes to production, one may not.
///
/// Their passwords are made at the first start and are nowhere but in the file that the coordinator takes them from, in the data folder.
struct DemonstrationAccounts: Sendable {
    struct Person: Sendable {
        var name: String
        var displayName: String
        /// As the example's access policies name it.
        var group: String
        var password: String
    }

    /// Operates staging, and reads everything.
    var developer: Person
    /// Approves and operates everything.
    var releaseManager: Person

    var all: [Person] { [developer, releaseManager] }

    /// Reads the file, or makes it.
    static func open(_ path: String) throws -> DemonstrationAccounts {
        if !LocalFile.exists(path) {
            let accounts = DemonstrationAccounts(
                developer: Person(name: "dana", displayName: "Dana Developer", group: "developers", password: newPassword()),
                releaseManager: Person(name: "robin", displayName: "Robin Release", group: "release-managers", password: newPassword()))
            try LocalFile.write(JSON.write(accounts.document, pretty: true) + Array("\n".utf8), to: path, mode: 0o600)
        }
        let document: Value
        do { document = try JSON.read(LocalFile.read(path, limit: 64 << 10)) } catch { throw unusable(path) }
        let people = (document["accounts"]?.list ?? []).compactMap { item -> Person? in
            guard let name = item["name"]?.string, let password = item["password"]?.string, let group = item["groups"]?[0]?.string else {
                return nil
            }
            return Person(name: name, displayName: item["displayName"]?.string ?? name, group: group, password: password)
        }
        guard people.count == 2 else { throw unusable(path) }
        return DemonstrationAccounts(developer: people[0], releaseManager: people[1])
    }

    private static func unusable(_ path: String) -> Failure {
        Failure("\(path): does not hold the two demonstration accounts", hint: "put it back, or begin with another data folder")
    }

    private var document: Value {
        [
            "accounts": .list(
                all.map { person in
                    [
                        "name": .string(person.name), "displayName": .string(person.displayName), "groups": [.string(person.group)],
                        "password": .string(person.password),
                    ]
                })
        ]
    }

    /// Four words of three syllables: 75 bits that can be typed.
    private static func newPassword() -> String {
        var random = SystemRandomNumberGenerator()
        let consonants = Array("bdfghjklmnprstvz")
        let vowels = Array("aeiou")
        let words = (0..<4).map { _ in
            String(
                (0..<3).flatMap { _ in [consonants.randomElement(using: &random), vowels.randomElement(using: &random)] }.compactMap { $0 })
        }
        return words.joined(separator: "-")
    }
}
