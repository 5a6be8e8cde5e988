// SPDX-License-Identifier: Apache-2.0

import Crypto
import Manifests

/// What a cluster says it serves.
struct Discovery {
    let types: [ResourceType]
    /// The host and port that the client asked.
    let address: String

    static let version: Value = [
        "major": "1", "minor": "36", "emulationMajor": "1", "emulationMinor": "36", "minCompatibilityMajor": "1",
        "minCompatibilityMinor": "35", "gitVersion": "v1.36.2", "gitCommit": "8e16b12fda5b1dccc41a6de48b3e356cc7d5048b",
        "gitTreeState": "", "buildDate": "2026-06-18T00:00:00Z", "goVersion": "go1.27.3", "compiler": "gc", "platform": "linux/amd64",
    ]

    private static let aggregated = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"

    private func wantsAggregated(_ accept: String?) -> Bool {
        for part in (accept ?? "").split(separator: ",") {
            let parameters = part.split(separator: ";").map(\.trimmed)
            guard parameters.first == "application/json" else { continue }
            if parameters.contains("as=APIGroupDiscoveryList"), parameters.contains("v=v2") { return true }
            if parameters.count == 1 { return false }
        }
        return false
    }

    private var groupNames: [String] {
        var seen: Set<String> = []
        return types.map(\.group).filter { seen.insert($0).inserted }
    }

    private func versions(of group: String) -> [String] {
        var seen: Set<String> = []
        return types.filter { $0.group == group }.map(\.version).filter { seen.insert($0).inserted }
    }

    func core(accept: String?) -> Reply {
        if wantsAggregated(accept) { return .object(aggregate([""]), contentType: Self.aggregated) }
        return .object([
            "kind": "APIVersions", "versions": ["v1"],
            "serverAddressByClientCIDRs": [["clientCIDR": "0.0.0.0/0", "serverAddress": .string(address)]],
        ])
    }

    func groups(accept: String?) -> Reply {
        let named = groupNames.filter { !$0.isEmpty }
        if wantsAggregated(accept) { return .object(aggregate(named), contentType: Self.aggregated) }
        return .object(["kind": "APIGroupList", "apiVersion": "v1", "groups": .list(named.map { groupValue($0) })])
    }

    private func groupValue(_ group: String) -> Value {
        let versions = versions(of: group).map { version -> Value in
            ["groupVersion": .string("\(group)/\(version)"), "version": .string(version)]
        }
        return ["name": .string(group), "versions": .list(versions), "preferredVersion": versions.first ?? .null]
    }

    func group(_ group: String) -> Reply {
        var map: Map = ["kind": "APIGroup", "apiVersion": "v1"]
        for entry in groupValue(group).map ?? Map() { map[entry.key] = entry.value }
        return .object(.map(map))
    }

    func resources(group: String, version: String) -> Reply {
        var resources: [Value] = []
        for type in types where type.group == group && type.version == version {
            var map: Map = [
                "name": .string(type.plural), "singularName": .string(type.singular), "namespaced": .bool(type.isNamespaced),
                "kind": .string(type.kind), "verbs": .list(type.verbs.map { .string($0) }),
            ]
            if !type.shortNames.isEmpty { map["shortNames"] = .list(type.shortNames.map { .string($0) }) }
            if !type.categories.isEmpty { map["categories"] = .list(type.categories.map { .string($0) }) }
            if type.verbs.contains("watch") { map["storageVersionHash"] = .string(Self.storageHash(type)) }
            resources.append(.map(map))
            for subresource in type.subresources {
                var map: Map = [
                    "name": .string("\(type.plural)/\(subresource.name)"), "singularName": "", "namespaced": .bool(type.isNamespaced),
                ]
                let (group, version) = Self.groupVersion(of: subresource)
                if !group.isEmpty { map["group"] = .string(group) }
                if !version.isEmpty { map["version"] = .string(version) }
                map["kind"] = .string(subresource.kind)
                map["verbs"] = .list(subresource.verbs.map { .string($0) })
                resources.append(.map(map))
            }
        }
        var map: Map = ["kind": "APIResourceList"]
        if !group.isEmpty { map["apiVersion"] = "v1" }
        map["groupVersion"] = .string(group.isEmpty ? version : "\(group)/\(version)")
        map["resources"] = .list(resources)
        return .object(.map(map))
    }

    /// Subresources whose kind belongs to another group.
    private static func groupVersion(of subresource: ResourceType.Subresource) -> (String, String) {
        switch subresource.kind {
        case "Scale": ("autoscaling", "v1")
        case "Eviction": ("policy", "v1")
        case "TokenRequest": ("authentication.k8s.io", "v1")
        default: ("", "")
        }
    }

    /// The version that a kind is stored in, hashed as apiserver does it.
    private static func storageHash(_ type: ResourceType) -> String {
        let version =
            switch type.kind {
            case "HorizontalPodAutoscaler": "v2"
            case "CustomResourceDefinition": "v1beta1"
            default: type.version
            }
        let digest = SHA256.hash(data: Array("\(type.group)/\(version)/\(type.kind)".utf8))
        return Base64.encode(Array(digest.prefix(8)))
    }

    private func aggregate(_ groups: [String]) -> Value {
        let items = groups.map { group -> Value in
            let versions = versions(of: group).map { version -> Value in
                let resources = types.filter { $0.group == group && $0.version == version }.map(aggregateResource)
                return ["version": .string(version), "resources": .list(resources), "freshness": "Current"]
            }
            return ["metadata": group.isEmpty ? [:] : ["name": .string(group)], "versions": .list(versions)]
        }
        return ["kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": [:], "items": .list(items)]
    }

    private func aggregateResource(_ type: ResourceType) -> Value {
        func kind(_ name: String, _ group: String = "", _ version: String = "") -> Value {
            ["group": .string(group), "version": .string(version), "kind": .string(name)]
        }
        var map: Map = [
            "resource": .string(type.plural),
            "responseKind": type.isCustom ? kind(type.kind, type.group, type.version) : kind(type.kind),
            "scope": type.isNamespaced ? "Namespaced" : "Cluster", "singularResource": .string(type.singular),
            "verbs": .list(type.verbs.map { .string($0) }),
        ]
        if !type.shortNames.isEmpty { map["shortNames"] = .list(type.shortNames.map { .string($0) }) }
        if !type.categories.isEmpty { map["categories"] = .list(type.categories.map { .string($0) }) }
        if !type.subresources.isEmpty {
            map["subresources"] = .list(
                type.subresources.map { subresource in
                    let (group, version) = Self.groupVersion(of: subresource)
                    let own = type.isCustom && group.isEmpty
                    return [
                        "subresource": .string(subresource.name),
                        "responseKind": own ? kind(subresource.kind, type.group, type.version) : kind(subresource.kind, group, version),
                        "verbs": .list(subresource.verbs.map { .string($0) }),
                    ]
                })
        }
        return .map(map)
    }
}
