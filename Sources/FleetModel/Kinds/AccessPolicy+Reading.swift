// SPDX-License-Identifier: Apache-2.0
import Manifests

extension AccessPolicy {
    static func read(_ name: String, _ labels: [String: String], _ spec: Node) -> AccessPolicy? {
        guard let fields = spec.members("subjects", "role", "scope") else { return nil }
        var policy = AccessPolicy(name: name)
        policy.labels = labels
        for item in fields.required("subjects")?.items() ?? [] {
            guard let subject = item.members("group", "user") else { continue }
            let group = subject["group"]?.text()
            let user = subject["user"]?.text()
            switch (group, user) {
            case (let group?, nil): policy.subjects.append(.group(group))
            case (nil, let user?): policy.subjects.append(.user(user))
            case (_?, _?): item.invalid("a subject is either a 'group' or a 'user'")
            case (nil, nil):
                if subject.map.isEmpty { item.error("missing-field", "a subject needs 'group' or 'user'") }
            }
        }
        policy.role = fields.required("role")?.choice() ?? .viewer
        let scope = fields["scope"]?.members("pipelines", "environments")
        policy.pipelines = scope?["pipelines"]?.names()
        policy.environments = scope?["environments"]?.names()
        return policy
    }
}
