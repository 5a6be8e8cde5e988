// SPDX-License-Identifier: Apache-2.0

/// Versions of agent and coordinator: within one major version, two minor ones apart, each understands the other.
///
/// The coordinator goes first: an agent that is newer may say what its coordinator cannot make anything of.
package struct ProgramVersion: Sendable, Hashable, Comparable {
    package var major: Int
    package var minor: Int
    package var patch: Int

    /// Reads `1.2.3`, also with a `v` before it, without its patch, or with more behind a `-` or `+`.
    package init?(_ text: String) {
        let core = text.drop { $0 == "v" }.prefix { $0 != "-" && $0 != "+" }
        let parts = core.split(separator: ".", omittingEmptySubsequences: false)
        guard (2...3).contains(parts.count), let major = Int(parts[0]), let minor = Int(parts[1]),
            let patch = parts.count == 3 ? Int(parts[2]) : 0, major >= 0, minor >= 0, patch >= 0
        else { return nil }
        self.major = major
        self.minor = minor
        self.patch = patch
    }

    package static func < (left: ProgramVersion, right: ProgramVersion) -> Bool {
        (left.major, left.minor, left.patch) < (right.major, right.minor, right.patch)
    }

    /// Whether the agent's version is beyond the coordinator's; what is no version is not.
    package static func isAgent(_ agent: String, newerThan coordinator: String) -> Bool {
        guard let agent = ProgramVersion(agent), let coordinator = ProgramVersion(coordinator) else { return false }
        return (agent.major, agent.minor) > (coordinator.major, coordinator.minor)
    }
}
