// SPDX-License-Identifier: Apache-2.0

/// A command as a line of a table.
struct CommandRow: Sendable {
    var key: String
    var time: String
    var when: String
    var title: String
    /// None, or the page of the application that it is about.
    var place: [Link]
    var status: Badge
    var message: String
    var who: String
}

/// What a dry run found of one object.
struct TrialRow: Sendable {
    struct Change: Sendable {
        var path: String
        var before: String
        var after: String
    }

    var key: String
    var status: Badge
    var label: String
    var message: String
    var changes: [Change]
}

/// An application on one cluster: how it is, what can be asked of the cluster's agent, and what was.
struct InstancePage: Sendable {
    struct Trial: Sendable {
        var when: String
        var remark: String
        var rows: [TrialRow]
    }

    var page: PageFrame
    var name: String
    var cluster: Link
    var application: Link
    var status: Badge
    var explanation: String?
    var actions: [ActionForm]
    var facts: [Fact]
    /// The newest dry run that was answered, or none.
    var trials: [Trial]
    var commands: [CommandRow]
    var events: [EventRow]
    var eventsAddress: String
}
