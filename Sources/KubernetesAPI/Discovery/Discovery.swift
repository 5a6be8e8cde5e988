// SPDX-License-Identifier: Apache-2.0

/// What an API server serves.
package struct Discovery: Sendable, Equatable {
    /// The server's version, for example `v1.36.2`; empty where it did not say.
    package var serverVersion: String
    /// Every kind in every served version: a group's preferred version first, kinds in the server's order.
    package private(set) var types: [ResourceType]
    /// Group versions that could not be asked, or are stale: a kind missing from `types` may be one of theirs.
    package var unavailable: [String]
    private var positions: [GroupKind: [Int]]

    private struct GroupKind: Hashable {
        var group: String
        var kind: String
    }

    package init(serverVersion: String, types: [ResourceType], unavailable: [String] = []) {
        self.serverVersion = serverVersion
        self.types = types
        self.unavailable = unavailable
        positions = [:]
        for (position, type) in types.enumerated() {
            positions[GroupKind(group: type.group, kind: type.kind), default: []].append(position)
        }
    }

    /// The kind in the version that the server prefers.
    package subscript(group: String, kind: String) -> ResourceType? {
        positions[GroupKind(group: group, kind: kind)]?.first.map { types[$0] }
    }

    /// The kind in exactly this version, if it is served.
    package func type(group: String, version: String, kind: String) -> ResourceType? {
        positions[GroupKind(group: group, kind: kind)]?.lazy.map { types[$0] }.first { $0.version == version }
    }

    /// The kind that a manifest's `apiVersion` and `kind` mean.
    package func type(apiVersion: String, kind: String) -> ResourceType? {
        let (group, version) = Self.split(apiVersion)
        return type(group: group, version: version, kind: kind)
    }

    /// Splits `apps/v1` into group and version; the core group is empty.
    package static func split(_ apiVersion: String) -> (group: String, version: String) {
        guard let slash = apiVersion.firstIndex(of: "/") else { return ("", apiVersion) }
        return (String(apiVersion[..<slash]), String(apiVersion[apiVersion.index(after: slash)...]))
    }
}
