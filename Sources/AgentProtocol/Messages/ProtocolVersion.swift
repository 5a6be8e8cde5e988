// SPDX-License-Identifier: Apache-2.0

/// The version of the messages between agent and coordinator, sent in a header with every request and answer.
///
/// Messages are JSON; readers pass over members that they do not know, so a version grows only when an old reader would do harm.
package enum ProtocolVersion {
    package static let header = "Flotilla-Protocol"
    package static let current = 1
    /// The oldest version that a coordinator of today still answers.
    package static let oldest = 1

    /// The version to answer in: the request's own, where it is supported; `nil` means 426 Upgrade Required.
    package static func negotiate(_ header: String?) -> Int? {
        guard let header, let version = Int(header), version >= oldest else { return nil }
        return min(version, current)
    }
}
