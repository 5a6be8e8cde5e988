// SPDX-License-Identifier: Apache-2.0

/// Who may do what, where.
package struct AccessPolicy: Sendable, Hashable {
    package var name: String
    package var labels: [String: String] = [:]
    package var subjects: [Subject] = []
    package var role = Role.viewer
    /// `nil` is every pipeline.
    package var pipelines: [String]?
    /// `nil` is every environment.
    package var environments: [String]?

    package init(name: String) { self.name = name }

    package enum Subject: Sendable, Hashable {
        case group(String)
        case user(String)
    }

    package enum Role: String, Sendable, CaseIterable {
        case viewer, `operator`, approver, administrator
    }
}
