// SPDX-License-Identifier: Apache-2.0
import FleetModel

/// What may be done; a role is a set of these.
enum Permission: String, Sendable, CaseIterable {
    /// Looking: state, history, events, explanations.
    case read
    /// Running what is declared: promote, roll back, pause, resume, sync, commands to agents.
    case operate
    /// Deciding what waits at a stage's gates: approve, reject.
    case approve
    /// All else: overrides, enrolment, accounts, the audit trail.
    case administer
}

extension AccessPolicy.Role {
    /// Who approves does not operate, so that the two can be kept apart; whoever shall do both has both roles.
    var permissions: Set<Permission> {
        switch self {
        case .viewer: [.read]
        case .operator: [.read, .operate]
        case .approver: [.read, .approve]
        case .administrator: Set(Permission.allCases)
        }
    }
}
