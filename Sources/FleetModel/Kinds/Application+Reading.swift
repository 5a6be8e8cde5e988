// SPDX-License-Identifier: Apache-2.0
import Manifests

extension Application {
    static func read(_ name: String, _ labels: [String: String], _ spec: Node) -> Application? {
        guard
            let fields = spec.members(
                "source", "namespace", "clusterSelector", "dependsOn", "sync", "allowClearSecrets", "health", "deletion", "movedFrom")
        else { return nil }
        var application = Application(name: name, source: fields.required("source").flatMap(Source.read) ?? Source(path: ""))
        application.labels = labels
        if let node = fields["namespace"], let namespace = node.text() {
            if !Names.isName(namespace) { node.error("invalid-name", "'\(namespace)' cannot be a namespace", hint: Names.hint) }
            application.namespace = namespace
        }
        application.clusterSelector = fields["clusterSelector"]?.selector()
        application.dependsOn = fields["dependsOn"]?.names() ?? []
        if let sync = fields["sync"] { application.sync = .read(sync) }
        if application.sync.createNamespace, application.namespace == nil {
            fields["sync"]?.error("missing-field", "'createNamespace' needs 'namespace' in 'spec'")
        }
        if application.sync.serviceAccount != nil, application.namespace == nil {
            fields["sync"]?.error("missing-field", "'serviceAccount' needs 'namespace' in 'spec', which is the account's too")
        }
        application.allowClearSecrets = fields["allowClearSecrets"]?.flag() ?? false
        if let health = fields["health"] { application.health = .read(health) }
        application.deletion = fields["deletion"]?.choice() ?? .prune
        application.movedFrom = fields["movedFrom"]?.names() ?? []
        return application
    }
}

extension Application.Source {
    fileprivate static func read(_ node: Node) -> Self? {
        guard let fields = node.members("path", "helm", "substitute") else { return nil }
        var source = Application.Source(path: "")
        if let path = fields.required("path"), let text = path.text() {
            source.path = text
            if text.hasPrefix("/") || text.split(separator: "/").contains("..") {
                path.invalid("'\(text)' must be a path below the repository's root", hint: "leave out '..' and the leading '/'")
            }
        }
        source.helm = fields["helm"].map(Application.Helm.read)
        source.substitute = fields["substitute"]?.flag() ?? false
        return source
    }
}

extension Application.Helm {
    fileprivate static func read(_ node: Node) -> Self {
        var helm = Application.Helm()
        let fields = node.members("releaseName", "valueFiles", "values")
        helm.releaseName = fields?["releaseName"]?.text()
        helm.valueFiles = fields?["valueFiles"]?.texts() ?? []
        if let values = fields?["values"] {
            if let map = values.value.map { helm.values = map } else { values.wrongType("a map") }
        }
        return helm
    }
}

extension Application.Sync {
    fileprivate static func read(_ node: Node) -> Self {
        var sync = Application.Sync()
        guard
            let fields = node.members(
                "prune", "pruneProtection", "drift", "createNamespace", "serviceAccount", "retry", "timeout", "ignore", "force", "adopt")
        else { return sync }
        sync.prune = fields["prune"]?.flag() ?? sync.prune
        let protection = fields["pruneProtection"]?.members("maxPercent")
        sync.pruneProtectionPercentMax = protection?["maxPercent"]?.integer(0...100) ?? sync.pruneProtectionPercentMax
        sync.drift = fields["drift"]?.choice() ?? sync.drift
        sync.createNamespace = fields["createNamespace"]?.flag() ?? sync.createNamespace
        if let node = fields["serviceAccount"], let account = node.text() {
            if !Names.isDomain(account[...]) {
                node.error(
                    "invalid-name", "'\(account)' cannot be a service account",
                    hint: "write its name without a namespace: it is one of the application's namespace")
            }
            sync.serviceAccount = account
        }
        if let retry = fields["retry"]?.members("limit", "backoff", "maxBackoff") {
            sync.retry.limit = retry["limit"]?.integer(0...1_000) ?? sync.retry.limit
            sync.retry.backoff = retry["backoff"]?.duration() ?? sync.retry.backoff
            sync.retry.maxBackoff = retry["maxBackoff"]?.duration() ?? sync.retry.maxBackoff
            if sync.retry.backoff > sync.retry.maxBackoff { retry.node.invalid("'backoff' is longer than 'maxBackoff'") }
        }
        sync.timeout = fields["timeout"]?.duration() ?? sync.timeout
        for item in fields["ignore"]?.items() ?? [] {
            guard let rule = item.members("group", "kind", "name", "paths"), let kind = rule.required("kind")?.text(),
                let paths = rule.required("paths")?.items().compactMap({ $0.pointer() })
            else { continue }
            sync.ignore.append(.init(group: rule["group"]?.value.string, kind: kind, name: rule["name"]?.text(), paths: paths))
        }
        sync.force = fields["force"]?.flag() ?? sync.force
        sync.adopt = fields["adopt"]?.flag() ?? sync.adopt
        return sync
    }
}

extension Application.HealthPolicy {
    fileprivate static func read(_ node: Node) -> Self {
        var health = Application.HealthPolicy()
        let fields = node.members("timeout", "rules")
        health.timeout = fields?["timeout"]?.duration() ?? health.timeout
        let rules = fields?["rules"]?.items() ?? []
        if rules.count > rulesMax { fields?["rules"]?.invalid("there are \(rules.count) rules, at most \(rulesMax) are read") }
        health.rules = rules.prefix(rulesMax).compactMap(Application.HealthRule.read)
        return health
    }

    private static let rulesMax = 100
}

extension Application.HealthRule {
    fileprivate static func read(_ node: Node) -> Self? {
        guard let rule = node.members("group", "kind", "path", "equals", "notEquals", "oneOf", "failed"),
            let kind = rule.required("kind")?.text(), let path = rule.required("path")?.pointer(), let comparison = Comparison.read(rule)
        else { return nil }
        var read = Application.HealthRule(group: rule["group"]?.value.string ?? "", kind: kind, path: path, comparison: comparison)
        if let failed = rule["failed"] {
            guard let fields = failed.members("path", "equals", "notEquals", "oneOf"), let comparison = Comparison.read(fields) else {
                return nil
            }
            read.failed = Failure(path: fields["path"]?.pointer(), comparison: comparison)
        }
        return read
    }
}

extension Application.HealthRule.Comparison {
    fileprivate static let valuesMax = 100

    /// Reads the one comparison that a rule has.
    fileprivate static func read(_ fields: Members) -> Self? {
        let words = ["equals", "notEquals", "oneOf"]
        let given = words.filter { fields[$0] != nil }
        guard let word = given.first, given.count == 1, let node = fields[word] else {
            fields.node.error(
                given.isEmpty ? "missing-field" : "invalid-value",
                given.isEmpty ? "a comparison is missing in '\(fields.node.name)'" : "'\(given[0])' and '\(given[1])' cannot be together",
                hint: "write one of \(words.joined(separator: ", "))")
            return nil
        }
        if word == "oneOf" {
            let values = node.items()
            guard !values.isEmpty, values.count <= valuesMax else {
                if node.value.list != nil { node.invalid("'oneOf' must have 1 to \(valuesMax) values") }
                return nil
            }
            guard values.allSatisfy(\.isScalar) else { return nil }
            return .oneOf(values.map(\.value))
        }
        guard node.isScalar else { return nil }
        return word == "equals" ? .equals(node.value) : .notEquals(node.value)
    }
}

extension Node {
    /// Whether this is a text, a number or a truth value, after a report where it is not.
    fileprivate var isScalar: Bool {
        switch value {
        case .string, .int, .decimal, .bool: return true
        case .null, .list, .map:
            wrongType("a text, a number or a truth value")
            return false
        }
    }
}
