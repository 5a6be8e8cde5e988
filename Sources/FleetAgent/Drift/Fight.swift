// SPDX-License-Identifier: Apache-2.0
import Manifests

/// Another writer that undoes what Flotilla applies, again and again.
struct Fight: Sendable, Hashable {
    var since: Timestamp
    /// Who it is, as far as that was seen.
    var managers: [String]
    /// What it is about; empty where the whole object is.
    var paths: [String]

    init(_ account: DriftAccount, since: Timestamp) {
        self.since = since
        managers = account.managers
        paths = Array(account.paths.prefix(5))
    }

    /// Takes in a further round.
    mutating func join(_ account: DriftAccount) {
        managers = Array(Set(managers).union(account.managers).sorted().prefix(5))
        paths = Array(Set(paths).union(account.paths).sorted().prefix(5))
    }

    /// In words, without the object's name.
    var words: String {
        let who = managers.isEmpty ? "somebody" : managers.joined(separator: ", ")
        return "\(who) changes \(paths.isEmpty ? "it" : paths.joined(separator: ", ")) again and again"
    }
}
