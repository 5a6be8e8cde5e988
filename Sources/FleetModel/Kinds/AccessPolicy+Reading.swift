// SPDX-License-Identifier: Apache-2.0
import Manifests

extension AccessPolicy {
    static func read(_ name: String, _ labels: [String: String], _ spec: Node) -> AccessPolicy? {
        guard let fields = spec.members("subjects", "role", "scope") else { return nil }
        var policy = AccessPolicy(name: name)
        policy.labels = labels
        let subjects = fields.required("subjects")
        if subjects?.value.list?.isEmpty == true { subjects?.invalid("'subjects' names nobody", hint: Self.subjectsHint) }
        var seen: Set<AccessPolicy.Subject> = []
        func add(_ subject: AccessPolicy.Subject, _ item: Node) {
            if !seen.insert(subject).inserted { item.invalid("the same subject is there twice") } else { policy.subjects.append(subject) }
        }
        for item in subjects?.items() ?? [] {
            guard let subject = item.members("group", "user") else { continue }
            let group = subject["group"]?.text()
            let user = subject["user"]?.text()
            switch (group, user) {
            case (let group?, nil): add(.group(group), item)
            case (nil, let user?): add(.user(user), item)
            case (_?, _?): item.invalid("a subject is either a 'group' or a 'user'")
            case (nil, nil):
                if subject.map.isEmpty { item.error("missing-field", "a subject needs 'group' or 'user'") }
            }
        }
        policy.role = fields.required("role")?.choice() ?? .viewer
        guard let scope = fields["scope"]?.members("pipelines", "environments") else { return policy }
        if scope.map.isEmpty {
            scope.node.invalid("'scope' names nothing that it limits the role to", hint: "leave 'scope' out for the whole fleet")
        }
        policy.pipelines = limits(scope["pipelines"])
        policy.environments = limits(scope["environments"])
        return policy
    }

    private static let subjectsHint = "write 'subjects: [{group: NAME}]' or 'subjects: [{user: NAME}]'"

    /// Names that a role is limited to. An empty list would be the narrowest scope, and reads like the widest one: it is an error.
    private static func limits(_ list: Node?) -> [String]? {
        guard let list else { return nil }
        if list.value.list?.isEmpty == true {
            list.invalid("'\(list.name)' is empty: the policy would hold nowhere", hint: "leave '\(list.name)' out for all of them")
        }
        return list.names()
    }
}
