// SPDX-License-Identifier: Apache-2.0

/// The audit trail as administrators see it; names are those of the template, see `Views.swift`.
struct AuditPage: Sendable {
    struct Field: Sendable, Hashable {
        var label: String
        var name: String
        var value: String
        /// None, or the list of what may be entered.
        var lists: [String] = []
        /// None, or how it is written.
        var hints: [String] = []
    }

    /// What a verification found.
    struct Finding: Sendable, Hashable {
        /// `current` or `failed`.
        var kind: String
        var lines: [String]
    }

    /// One member of a state, as it was and as it became.
    struct Change: Sendable, Hashable {
        var path: String
        /// None where the member was not there.
        var old: [String]
        /// None where it is gone.
        var new: [String]
    }

    struct Entry: Sendable, Hashable {
        var key: String
        var number: String
        /// RFC 3339, and what is shown instead.
        var time: String
        var when: String
        var actor: String
        var actorAddress: String
        var means: String
        /// None, or the address that the call came from.
        var from: [String]
        /// The action, in the colour of its outcome.
        var outcomes: [Badge]
        var reasons: [String]
        var commits: [String]
        var target: String
        var targetAddress: String
        var changes: [Change]
        var changesLabel: String
    }

    var page: PageFrame
    /// How the chain stands, where that was looked at.
    var status: [Badge]
    var verifyAddress: String
    var findings: [Finding]
    var facts: [Fact]
    var fields: [Field]
    var actionNames: [String]
    var isFiltered: Bool
    var entries: [Entry]
    var pager: [PageLinks] = []
}
