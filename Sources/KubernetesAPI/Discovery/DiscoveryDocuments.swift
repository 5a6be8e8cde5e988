// SPDX-License-Identifier: Apache-2.0
import Manifests

/// Reads the documents by which API servers describe themselves. What is malformed in them is left out.
enum DiscoveryDocuments {
    /// An `APIGroupDiscoveryList`: groups in the server's order, the preferred version first within each.
    static func aggregated(_ document: Value) -> (types: [ResourceType], unavailable: [String]) {
        var types: [ResourceType] = []
        var stale: [String] = []
        for item in document["items"]?.list ?? [] {
            let group = item.at("metadata", "name")?.string ?? ""
            for version in item["versions"]?.list ?? [] {
                guard let name = version["version"]?.string else { continue }
                if version["freshness"]?.string == "Stale" { stale.append(group.isEmpty ? name : "\(group)/\(name)") }
                for resource in version["resources"]?.list ?? [] {
                    guard let plural = resource["resource"]?.string, let kind = resource.at("responseKind", "kind")?.string else {
                        continue
                    }
                    types.append(
                        ResourceType(
                            group: group, version: name, kind: kind, plural: plural, namespaced: resource["scope"]?.string == "Namespaced",
                            verbs: verbs(resource)))
                }
            }
        }
        return (types, stale)
    }

    /// The versions of an `APIVersions` document (of `/api`).
    static func coreVersions(_ document: Value) -> [String] { document["versions"]?.list?.compactMap(\.string) ?? [] }

    /// The group versions of an `APIGroupList` (of `/apis`), each group's preferred one first.
    static func groupVersions(_ document: Value) -> [String] {
        (document["groups"]?.list ?? []).flatMap { group -> [String] in
            let all = (group["versions"]?.list ?? []).compactMap { $0["groupVersion"]?.string }
            guard let preferred = group.at("preferredVersion", "groupVersion")?.string, all.contains(preferred) else { return all }
            return [preferred] + all.filter { $0 != preferred }
        }
    }

    /// An `APIResourceList`. Subresources are left out.
    static func resources(_ document: Value, groupVersion: String) -> [ResourceType] {
        let (group, version) = Discovery.split(groupVersion)
        return (document["resources"]?.list ?? []).compactMap { resource in
            guard let plural = resource["name"]?.string, let kind = resource["kind"]?.string, !plural.contains("/") else { return nil }
            return ResourceType(
                group: group, version: version, kind: kind, plural: plural, namespaced: resource["namespaced"]?.bool ?? false,
                verbs: verbs(resource))
        }
    }

    private static func verbs(_ resource: Value) -> Set<String> { Set(resource["verbs"]?.list?.compactMap(\.string) ?? []) }
}
