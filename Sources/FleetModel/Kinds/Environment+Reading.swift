// SPDX-License-Identifier: Apache-2.0

extension Environment {
    static func read(_ name: String, _ labels: [String: String], _ spec: Node) -> Environment? {
        guard let fields = spec.members("clusterSelector", "variables", "rollout", "windows") else { return nil }
        // What could not be read must not select everything.
        let none = LabelSelector(matchExpressions: [.init(key: "", operator: .exists)])
        var environment = Environment(name: name, clusterSelector: fields.required("clusterSelector")?.selector() ?? none)
        environment.labels = labels
        environment.variables = fields["variables"]?.variables() ?? [:]
        if let rollout = fields["rollout"] { environment.rollout = .read(rollout) }
        for item in fields["windows"]?.items() ?? [] {
            guard let window = item.members("allow", "timeZone", "atClose"), let allow = window.required("allow")?.text() else { continue }
            var read = Window(allow: allow, timeZone: window["timeZone"]?.text() ?? "UTC")
            read.atClose = window["atClose"]?.choice() ?? read.atClose
            environment.windows.append(read)
        }
        return environment
    }
}

extension Environment.Rollout {
    fileprivate static func read(_ node: Node) -> Self {
        var rollout = Environment.Rollout()
        guard let fields = node.members("waves", "failureThreshold", "onFailure", "offline") else { return rollout }
        for item in fields["waves"]?.items() ?? [] {
            guard let wave = Environment.Wave.read(item) else { continue }
            if rollout.waves.contains(where: { $0.name == wave.name }) {
                item.error("duplicate-name", "there are two waves '\(wave.name)'")
            } else {
                rollout.waves.append(wave)
            }
        }
        rollout.failureThreshold = fields["failureThreshold"]?.quota() ?? rollout.failureThreshold
        rollout.onFailure = fields["onFailure"]?.choice() ?? rollout.onFailure
        if let offline = fields["offline"]?.members("after", "policy") {
            rollout.offline.after = offline["after"]?.duration() ?? rollout.offline.after
            rollout.offline.policy = offline["policy"]?.choice() ?? rollout.offline.policy
        }
        return rollout
    }
}

extension Environment.Wave {
    fileprivate static func read(_ node: Node) -> Self? {
        guard let fields = node.members("name", "clusterSelector", "soak", "maxUnavailable"),
            let nameNode = fields.required("name"), let name = nameNode.text()
        else { return nil }
        if !Names.isName(name) { nameNode.error("invalid-name", "'\(name)' cannot be a name", hint: Names.hint) }
        var wave = Environment.Wave(name: name)
        wave.clusterSelector = fields["clusterSelector"]?.selector()
        wave.soak = fields["soak"]?.duration() ?? wave.soak
        wave.maxUnavailable = fields["maxUnavailable"]?.quota() ?? wave.maxUnavailable
        return wave
    }
}
