// SPDX-License-Identifier: Apache-2.0

/// What a request's path names.
enum RequestTarget {
    case resource(ResourceType, namespace: String, name: String?, subresource: String?)
    case version, health, groups, coreVersions
    case group(String)
    case resources(group: String, version: String)
    case openAPIIndex
    case openAPI(group: String, version: String)
    case openAPI2
    case missing(plain: Bool)

    init(path: String, in core: ClusterCore) {
        var parts = path.split(separator: "/").map(String.init)[...]
        switch parts.popFirst() {
        case "version" where parts.isEmpty: self = .version
        case "healthz", "livez", "readyz": self = .health
        case "openapi":
            switch parts.popFirst() {
            case "v2" where parts.isEmpty: self = .openAPI2
            case "v3" where parts.isEmpty: self = .openAPIIndex
            case "v3":
                if parts.first == "api", parts.count == 2 {
                    self = .openAPI(group: "", version: parts[parts.startIndex + 1])
                } else if parts.first == "apis", parts.count == 3 {
                    self = .openAPI(group: parts[parts.startIndex + 1], version: parts[parts.startIndex + 2])
                } else {
                    self = .missing(plain: true)
                }
            default: self = .missing(plain: true)
            }
        case "api":
            guard let version = parts.popFirst() else {
                self = .coreVersions
                return
            }
            guard version == "v1" else {
                self = .missing(plain: true)
                return
            }
            self = Self.resource(group: "", version: version, parts, core)
        case "apis":
            guard let group = parts.popFirst() else {
                self = .groups
                return
            }
            guard core.types.contains(where: { $0.group == group }) else {
                self = .missing(plain: true)
                return
            }
            guard let version = parts.popFirst() else {
                self = .group(group)
                return
            }
            guard core.types.contains(where: { $0.group == group && $0.version == version }) else {
                self = .missing(plain: false)
                return
            }
            self = Self.resource(group: group, version: version, parts, core)
        default: self = .missing(plain: true)
        }
    }

    private static func resource(group: String, version: String, _ rest: ArraySlice<String>, _ core: ClusterCore) -> RequestTarget {
        var parts = rest
        if parts.isEmpty { return .resources(group: group, version: version) }
        var namespace = ""
        let first = parts.startIndex
        let isNamespaceItself = parts.count == 3 && ["status", "finalize"].contains(parts[first + 2]) && group.isEmpty
        if parts[first] == "namespaces", parts.count >= 3, !isNamespaceItself {
            namespace = parts[first + 1]
            parts = parts.dropFirst(2)
        }
        let plural = parts.removeFirst()
        guard let type = core.type(group: group, version: version, plural: plural), type.isNamespaced || namespace.isEmpty else {
            return .missing(plain: false)
        }
        let name = parts.popFirst()
        let subresource = parts.popFirst()
        if let subresource, type.subresource(subresource) == nil { return .missing(plain: false) }
        if name != nil, type.isNamespaced, namespace.isEmpty { return .missing(plain: false) }
        guard parts.isEmpty else { return .missing(plain: false) }
        return .resource(type, namespace: namespace, name: name, subresource: subresource)
    }
}
