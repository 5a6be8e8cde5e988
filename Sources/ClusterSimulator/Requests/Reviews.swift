// SPDX-License-Identifier: Apache-2.0

import Manifests

// Requests that store nothing: who am I, may I, give me a token.
extension ClusterCore {
    func review(_ context: Context) throws(StatusError) -> Reply? {
        let type = context.type
        switch type.kind {
        case "SelfSubjectReview":
            var result = try body(context)
            result.set(.string(type.kind), "kind")
            result.set(.string(type.apiVersion), "apiVersion")
            result.set(.string(stamp), "metadata", "creationTimestamp")
            result.set(["userInfo": Self.described(context.user)], "status")
            return .object(result, status: 201)
        case "SelfSubjectAccessReview", "SubjectAccessReview", "LocalSubjectAccessReview":
            var result = try body(context)
            let spec = result["spec"] ?? [:]
            let user =
                type.kind.hasPrefix("Self")
                ? context.user : UserInfo(name: spec["user"]?.string ?? "", groups: spec["groups"]?.list?.compactMap(\.string) ?? [])
            let wish = spec["resourceAttributes"]
            let found = wish.flatMap { attributes in
                grant(
                    user, verb: attributes["verb"]?.string ?? "", group: attributes["group"]?.string ?? "",
                    resource: attributes["resource"]?.string ?? "", subresource: attributes["subresource"]?.string ?? "",
                    namespace: attributes["namespace"]?.string ?? "", name: attributes["name"]?.string ?? "")
            }
            let allowed = user.isMaster || found != nil
            let reason = user.isMaster ? nil : found?.reason
            result = owned(result, context)
            var status: Map = ["allowed": .bool(allowed)]
            if let reason { status["reason"] = .string(reason) }
            result.set(.map(status), "status")
            return .object(result, status: 201)
        case "SelfSubjectRulesReview":
            var result = try body(context)
            let namespace = result.at("spec", "namespace")?.string ?? ""
            let rules = grants(for: context.user, namespace: namespace).map(\.rule)
            var resources = rules.filter { $0["resources"] != nil }
            if context.user.isMaster { resources = [["verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]]] }
            result.set(.string(type.kind), "kind")
            result.set(.string(type.apiVersion), "apiVersion")
            result.set([:], "metadata")
            result.set([:], "spec")
            result.set(
                [
                    "resourceRules": .list(resources), "nonResourceRules": .list(rules.filter { $0["nonResourceURLs"] != nil }),
                    "incomplete": false,
                ], "status")
            return .object(result, status: 201)
        case "TokenReview":
            var result = try body(context)
            let token = result.at("spec", "token")?.string ?? ""
            let user = token == self.token && !token.isEmpty ? UserInfo.admin : self.user(ofToken: token)
            var status: Map = [:]
            if let user {
                status["authenticated"] = true
                status["user"] = Self.described(user)
                status["audiences"] = ["https://kubernetes.default.svc"]
            }
            result = owned(result, context)
            result.set(.map(status), "status")
            return .object(result, status: 201)
        default: return nil
        }
    }

    private static func described(_ user: UserInfo) -> Value {
        var map: Map = ["username": .string(user.name)]
        if !user.uid.isEmpty { map["uid"] = .string(user.uid) }
        map["groups"] = .list(user.groups.map { .string($0) })
        if !user.extra.isEmpty {
            map["extra"] = .map(Map(user.extra.sorted { $0.key < $1.key }.map { ($0.key, .list($0.value.map { .string($0) })) }))
        }
        return .map(map)
    }

    /// A review's specification with its owner, though nothing is stored.
    private func owned(_ review: Value, _ context: Context) -> Value {
        var object = review
        object.set(.string(context.type.kind), "kind")
        object.set(.string(context.type.apiVersion), "apiVersion")
        object.set(nil, "status")
        return FieldManager(type: context.type, subresource: "", now: now).update(
            live: nil, new: Codec.encode(object, context.type.shape), manager: context.fieldManager)
    }

    /// Issues a token that the cluster knows until it is served anew.
    func issueToken(_ context: Context, _ account: String) throws(StatusError) -> Reply {
        guard let object = get(context.type, context.namespace, account) else { throw StatusError.notFound(context.type, account) }
        let given = try body(context)
        let seconds = given.at("spec", "expirationSeconds")?.int ?? 3_600
        if seconds < 600 {
            throw StatusError.invalid(
                kind: "TokenRequest", group: "authentication.k8s.io", name: "",
                [.invalid("spec.expirationSeconds", .int(seconds), "may not specify a duration less than 10 minutes")])
        }
        let expiry = Timestamp(seconds: now.seconds + seconds).rfc3339
        let name = "system:serviceaccount:\(context.namespace):\(account)"
        let identifier = newUID()
        let claims: Value = ["sub": .string(name), "exp": .int(now.seconds + seconds), "jti": .string(identifier)]
        let parts = [JSON.write(["alg": "none", "typ": "JWT"]), JSON.write(claims), Array(newUID().utf8)]
        let token = parts.map { Base64.encode($0).filter { $0 != "=" } }.joined(separator: ".")
        let user = UserInfo(
            name: name, uid: object.uid,
            groups: ["system:serviceaccounts", "system:serviceaccounts:\(context.namespace)", "system:authenticated"],
            extra: ["authentication.kubernetes.io/credential-id": ["JTI=\(identifier)"]])
        tokens[token] = IssuedToken(
            user: user, expires: now + .seconds(seconds), account: ObjectName(namespace: context.namespace, name: account))
        let audiences = given.at("spec", "audiences") ?? ["https://kubernetes.default.svc"]
        return .object(
            [
                "kind": "TokenRequest", "apiVersion": "authentication.k8s.io/v1",
                "metadata": [
                    "name": .string(account), "namespace": .string(context.namespace), "uid": .string(object.uid),
                    "creationTimestamp": .string(stamp),
                    "managedFields": [
                        [
                            "manager": .string(context.fieldManager), "operation": "Update", "apiVersion": "authentication.k8s.io/v1",
                            "time": .string(stamp), "fieldsType": "FieldsV1", "fieldsV1": ["f:spec": ["f:expirationSeconds": [:]]],
                            "subresource": "token",
                        ]
                    ],
                ],
                "spec": ["audiences": audiences, "expirationSeconds": .int(seconds), "boundObjectRef": .null],
                "status": ["token": .string(token), "expirationTimestamp": .string(expiry)],
            ], status: 201)
    }
}
