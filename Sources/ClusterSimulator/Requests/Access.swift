// SPDX-License-Identifier: Apache-2.0

import Manifests

// Who asks, and whether they may.
extension ClusterCore {
    func authenticate(_ request: APIRequest) throws(StatusError) -> UserInfo {
        var user = UserInfo.anonymous
        if request.isAdministrator {
            user = .admin
        } else if let header = request.header("authorization"), header.lowercased().hasPrefix("bearer ") {
            let token = header.dropFirst(7).trimmed
            if token == self.token, !token.isEmpty {
                user = .admin
            } else if let known = self.user(ofToken: token) {
                user = known
            } else {
                throw StatusError(code: 401, reason: "Unauthorized", message: "Unauthorized")
            }
        } else if behaviour.trustsAnonymous {
            user = .admin
        } else if case .health = RequestTarget(path: request.path, in: self) {
            return user
        } else if request.path == "/version" {
            return user
        }
        return try impersonate(request, user)
    }

    /// Whose an issued token is, while it is good and its account is there.
    func user(ofToken token: String) -> UserInfo? {
        guard let known = tokens[token] else { return nil }
        guard known.expires > now, store.get(builtIn("serviceaccounts").key, known.account)?.uid == known.user.uid else {
            tokens[token] = nil
            return nil
        }
        return known.user
    }

    private func impersonate(_ request: APIRequest, _ user: UserInfo) throws(StatusError) -> UserInfo {
        let groups = request.headers.filter { $0.name == "impersonate-group" }.map(\.value)
        guard let name = request.header("impersonate-user") else {
            if groups.isEmpty { return user }
            let list = groups.map { "\"\($0)\"" }.joined(separator: ", ")
            throw StatusError.badRequest(
                "requested &user.DefaultInfo{Name:\"\", UID:\"\", Groups:[]string{\(list)}, Extra:map[string][]string(nil)} without impersonating a user name"
            )
        }
        var checks: [(resource: String, name: String, namespace: String)] = []
        let account = name.split(separator: ":").map(String.init)
        if account.count == 4, account[0] == "system", account[1] == "serviceaccount" {
            checks.append(("serviceaccounts", account[3], account[2]))
        } else {
            checks.append(("users", name, ""))
        }
        checks += groups.map { ("groups", $0, "") }
        for check in checks {
            let allowed = allows(
                user, verb: "impersonate", group: "", resource: check.resource, subresource: "", namespace: check.namespace,
                name: check.name)
            if allowed { continue }
            if case .resource(let type, let namespace, let target, let subresource) = RequestTarget(path: request.path, in: self) {
                let context = Context(
                    request: request, user: user, type: type, namespace: namespace, name: target, subresource: subresource)
                try authorize(context, verb: "impersonate-on:user-info:\(verb(context))")
            }
            let place = check.namespace.isEmpty ? "at the cluster scope" : "in the namespace \"\(check.namespace)\""
            throw StatusError(
                code: 403, reason: "Forbidden",
                message:
                    "\(check.resource) \"\(check.name)\" is forbidden: User \"\(user.name)\" cannot impersonate resource \"\(check.resource)\" in API group \"\" \(place)",
                details: StatusError.details(name: check.name, kind: check.resource))
        }
        var all = groups
        if account.count == 4, account[0] == "system", account[1] == "serviceaccount", groups.isEmpty {
            all = ["system:serviceaccounts", "system:serviceaccounts:\(account[2])"]
        }
        if name != "system:anonymous", !all.contains("system:authenticated") { all.append("system:authenticated") }
        return UserInfo(name: name, groups: all)
    }

    func authorize(_ context: Context, verb: String) throws(StatusError) {
        let type = context.type
        // A namespace itself counts as in itself: a Role in it may allow to read or change it.
        let isNamespaceItself = type.group.isEmpty && type.plural == "namespaces"
        let namespace = isNamespaceItself ? context.name ?? "" : context.namespace
        if allows(
            context.user, verb: verb, group: type.group, resource: type.plural, subresource: context.subresource ?? "",
            namespace: namespace, name: context.name ?? "")
        {
            return
        }
        let resource = context.subresource.map { "\(type.plural)/\($0)" } ?? type.plural
        let isClusterWide = namespace.isEmpty || !(type.isNamespaced || isNamespaceItself)
        let place = isClusterWide ? "at the cluster scope" : "in the namespace \"\(namespace)\""
        throw StatusError.forbidden(
            type, context.name ?? "",
            "User \"\(context.user.name)\" cannot \(verb) resource \"\(resource)\" in API group \"\(type.group)\" \(place)")
    }

    /// Whether roles bound to the user allow a request. `namespace` is empty for cluster-wide requests.
    func allows(
        _ user: UserInfo, verb: String, group: String, resource: String, subresource: String, namespace: String, name: String
    ) -> Bool {
        user.isMaster
            || grant(user, verb: verb, group: group, resource: resource, subresource: subresource, namespace: namespace, name: name) != nil
    }

    /// The first rule that allows a request.
    func grant(
        _ user: UserInfo, verb: String, group: String, resource: String, subresource: String, namespace: String, name: String
    ) -> Grant? {
        let whole = subresource.isEmpty ? resource : "\(resource)/\(subresource)"
        return grants(for: user, namespace: namespace).first { grant in
            let rule = grant.rule
            func has(_ field: String, _ value: String) -> Bool {
                rule[field]?.list?.contains { $0.string == value || $0.string == "*" } ?? false
            }
            guard has("verbs", verb), has("apiGroups", group) else { return false }
            let resources = rule["resources"]?.list?.compactMap(\.string) ?? []
            guard resources.contains(where: { $0 == "*" || $0 == whole || (!subresource.isEmpty && $0 == "*/\(subresource)") }) else {
                return false
            }
            let names = rule["resourceNames"]?.list?.compactMap(\.string) ?? []
            return names.isEmpty || names.contains(name)
        }
    }

    /// A rule, and how the user comes to it.
    struct Grant {
        let rule: Value
        let binding: Value
        let subject: Value

        /// The words of the API server: `allowed by RoleBinding "a/ns" of Role "b" to ServiceAccount "c/ns"`.
        var reason: String {
            func named(_ name: String, _ namespace: String) -> String { namespace.isEmpty ? name : "\(name)/\(namespace)" }
            let role = binding["roleRef"]
            let kind = subject["kind"]?.string ?? ""
            let place = kind == "ServiceAccount" ? subject["namespace"]?.string ?? binding.namespace : ""
            return
                "RBAC: allowed by \(binding["kind"]?.string ?? "") \"\(named(binding.name, binding.namespace))\" of \(role?["kind"]?.string ?? "") \"\(role?["name"]?.string ?? "")\" to \(kind) \"\(named(subject["name"]?.string ?? "", place))\""
        }
    }

    /// The rules of every role bound to the user, cluster-wide or in a namespace.
    func grants(for user: UserInfo, namespace: String) -> [Grant] {
        let group = "rbac.authorization.k8s.io"
        var result: [Grant] = []
        func add(_ binding: Value, _ inside: String) {
            guard let subject = Self.subject(of: binding, user, inside) else { return }
            let reference = binding["roleRef"]
            let isCluster = reference?["kind"]?.string == "ClusterRole"
            let name = ObjectName(namespace: isCluster ? "" : inside, name: reference?["name"]?.string ?? "")
            let role = store.get(ResourceKey(group: group, plural: isCluster ? "clusterroles" : "roles"), name)
            result += (role?["rules"]?.list ?? []).map { Grant(rule: $0, binding: binding, subject: subject) }
        }
        for binding in store.list(ResourceKey(group: group, plural: "clusterrolebindings")) { add(binding, "") }
        if !namespace.isEmpty {
            for binding in store.list(ResourceKey(group: group, plural: "rolebindings"), namespace: namespace) { add(binding, namespace) }
        }
        return result
    }

    /// The subject of a binding that the user is.
    private static func subject(of binding: Value, _ user: UserInfo, _ namespace: String) -> Value? {
        (binding["subjects"]?.list ?? []).first { subject in
            let name = subject["name"]?.string ?? ""
            switch subject["kind"]?.string {
            case "User": return name == user.name
            case "Group": return user.groups.contains(name)
            case "ServiceAccount": return user.name == "system:serviceaccount:\(subject["namespace"]?.string ?? namespace):\(name)"
            default: return false
            }
        }
    }

    /// Nobody hands out rights that they do not have themselves.
    func checkEscalation(_ object: Value, old: Value?, _ type: ResourceType, _ context: Context) throws(StatusError) {
        if context.user.isMaster { return }
        let granted: [Value]
        let verb: String
        switch type.kind {
        case "Role", "ClusterRole":
            granted = object["rules"]?.list ?? []
            verb = "escalate"
        default:
            let isCluster = object.at("roleRef", "kind")?.string == "ClusterRole"
            let key = ResourceKey(group: type.group, plural: isCluster ? "clusterroles" : "roles")
            let name = ObjectName(namespace: isCluster ? "" : object.namespace, name: object.at("roleRef", "name")?.string ?? "")
            granted = store.get(key, name)?["rules"]?.list ?? []
            verb = "bind"
        }
        if allows(
            context.user, verb: verb, group: type.group, resource: verb == "bind" ? "clusterroles" : type.plural, subresource: "",
            namespace: object.namespace, name: object.at("roleRef", "name")?.string ?? object.name)
        {
            return
        }
        var missing: [String] = []
        for rule in granted {
            for group in rule["apiGroups"]?.list?.compactMap(\.string) ?? [] {
                for resource in rule["resources"]?.list?.compactMap(\.string) ?? [] {
                    let verbs = rule["verbs"]?.list?.compactMap(\.string) ?? []
                    let lacking = verbs.filter { wanted in
                        !allows(
                            context.user, verb: wanted, group: group, resource: resource, subresource: "", namespace: object.namespace,
                            name: "")
                    }
                    if !lacking.isEmpty {
                        let list = lacking.map { "\"\($0)\"" }.joined(separator: " ")
                        missing.append("{APIGroups:[\"\(group)\"], Resources:[\"\(resource)\"], Verbs:[\(list)]}")
                    }
                }
            }
        }
        if missing.isEmpty { return }
        let groups = context.user.groups.map { "\"\($0)\"" }.joined(separator: " ")
        throw StatusError.forbidden(
            type, object.name,
            "user \"\(context.user.name)\" (groups=[\(groups)]) is attempting to grant RBAC permissions not currently held:\n\(missing.joined(separator: "\n"))"
        )
    }
}
