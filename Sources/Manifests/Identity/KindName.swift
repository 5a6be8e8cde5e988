// SPDX-License-Identifier: Apache-2.0

/// A kind as a declaration names it: `ClusterRole`, or `Widget.example.dev` with its group.
///
/// A kind without a group is one that comes with Kubernetes, so that no definition of somebody's own can pass for it.
package struct KindName: Sendable, Hashable, CustomStringConvertible {
    package let kind: String
    /// `nil` is the group that Kubernetes' own kind of this name has.
    package let group: String?

    package init(_ text: String) {
        let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        kind = parts.first ?? ""
        group = parts.count > 1 ? parts[1] : nil
    }

    package init(group: String, kind: String) {
        self.kind = kind
        self.group = group.isEmpty || KindScope.builtIn(group: group, kind: kind) != nil ? nil : group
    }

    package var description: String { group.map { "\(kind).\($0)" } ?? kind }

    /// Whether it names the kind of this group, of which it is known or taken that it lives outside namespaces.
    package func matchesClusterScoped(group: String, kind: String) -> Bool {
        guard self.kind == kind else { return false }
        if let own = self.group { return own == group }
        return KindScope.builtIn(group: group, kind: kind) == .cluster
    }
}

extension KindScope {
    /// The scope of the kind of this name that comes with Kubernetes, whatever its group; `nil` where none does.
    package static func builtIn(kind: String) -> KindScope? {
        if builtInKinds(.cluster).contains(kind) { return .cluster }
        return builtInKinds(.namespaced).contains(kind) ? .namespaced : nil
    }
}
