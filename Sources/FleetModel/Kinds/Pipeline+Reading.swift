// SPDX-License-Identifier: Apache-2.0
import Manifests

extension Pipeline {
    static func read(_ name: String, _ labels: [String: String], _ spec: Node) -> Pipeline? {
        guard let fields = spec.members("source", "applications", "record", "bounds", "stages") else { return nil }
        var pipeline = Pipeline(name: name, applications: fields.required("applications").flatMap(Applications.read) ?? .names([]))
        pipeline.labels = labels
        if let source = fields["source"]?.members("repository", "branch") {
            pipeline.source.repository = source["repository"]?.text()
            pipeline.source.branch = source["branch"]?.text() ?? pipeline.source.branch
        }
        if let record = fields["record"]?.members("mode") { pipeline.record = record["mode"]?.choice() ?? .commit }
        if let bounds = fields.map["bounds"] {
            pipeline.bounds = Bounds.read(Node(value: bounds, path: spec.path + ["bounds"], document: spec.document))
        }
        guard let stages = fields.required("stages") else { return pipeline }
        let items = stages.items()
        if items.isEmpty, stages.value.list != nil { stages.invalid("a pipeline needs at least one stage") }
        for item in items {
            guard let stage = Stage.read(item, previous: pipeline.stages.last?.environment) else { continue }
            if pipeline.stages.contains(where: { $0.environment == stage.environment }) {
                item.error("stage-twice", "environment '\(stage.environment)' is already a stage of this pipeline")
            } else {
                pipeline.stages.append(stage)
            }
        }
        return pipeline
    }
}

extension Pipeline.Applications {
    fileprivate static func read(_ node: Node) -> Self? {
        guard let fields = node.members("names", "matchLabels", "matchExpressions") else { return nil }
        if let names = fields["names"] {
            if fields.map.count > 1 { node.invalid("'applications' has either 'names' or a selector") }
            return .names(names.names())
        }
        guard fields["matchLabels"] != nil || fields["matchExpressions"] != nil else {
            node.error("missing-field", "'applications' needs 'names' or 'matchLabels'")
            return nil
        }
        return node.selector().map { .selector($0) }
    }
}

extension Pipeline.Stage {
    fileprivate static func read(_ node: Node, previous: String?) -> Self? {
        guard
            let fields = node.members("environment", "after", "promotion", "verify", "preempt", "images", "minimumClusters"),
            let environment = fields.required("environment")?.text()
        else { return nil }
        var stage = Pipeline.Stage(environment: environment)
        stage.after = fields["after"]?.names() ?? (previous.map { [$0] } ?? [])
        if let promotion = fields.required("promotion") { stage.promotion = .read(promotion) }
        stage.verify = fields["verify"]?.items().compactMap(Pipeline.Verification.read) ?? []
        stage.preempt = fields["preempt"]?.flag() ?? false
        stage.images = fields["images"]?.choice() ?? .warn
        stage.minimumClusters = fields["minimumClusters"]?.integer(1...Int.max) ?? 1
        return stage
    }
}

extension Pipeline.Promotion {
    fileprivate static func read(_ node: Node) -> Self {
        var promotion = Pipeline.Promotion()
        if case .string(let text) = node.value {
            if text != "automatic" {
                node.invalid("'promotion' must be 'automatic', or a map with 'approvals' or 'gates', not '\(text)'")
            }
            return promotion
        }
        guard let fields = node.members("approvals", "gates") else { return promotion }
        if let approvals = fields["approvals"]?.members("required", "from", "notAuthor", "expires") {
            var read = Pipeline.Approvals()
            read.required = approvals["required"]?.integer(0...100) ?? read.required
            read.from = approvals["from"]?.names() ?? []
            read.notAuthor = approvals["notAuthor"]?.flag() ?? false
            read.expires = approvals["expires"]?.duration()
            promotion.approvals = read
        }
        for item in fields["gates"]?.items() ?? [] {
            guard let webhook = item.members("webhook")?.required("webhook")?.members("name", "url"),
                let name = webhook.required("name")?.text(), let url = webhook.required("url")?.text()
            else { continue }
            promotion.gates.append(.webhook(name: name, url: url))
        }
        return promotion
    }
}

extension Pipeline.Verification {
    fileprivate static func read(_ node: Node) -> Self? {
        guard let fields = node.members("soak", "prometheus", "job") else { return nil }
        guard fields.map.count == 1 else {
            node.invalid("a check is one of 'soak', 'prometheus', 'job'", hint: "give each a list item of its own")
            return nil
        }
        if let soak = fields["soak"]?.duration() { return .soak(soak) }
        if let prometheus = fields["prometheus"] { return readPrometheus(prometheus) }
        guard let job = fields["job"]?.members("name", "path", "serviceAccount"), let name = job.required("name")?.text(),
            let path = job.required("path")?.text()
        else { return nil }
        var read = Pipeline.Job(name: name, path: path)
        read.serviceAccount = job["serviceAccount"]?.text()
        return .job(read)
    }

    private static func readPrometheus(_ node: Node) -> Self? {
        guard let fields = node.members("name", "via", "url", "query", "below", "above", "for"),
            let name = fields.required("name")?.text(), let url = fields.required("url")?.text(),
            let query = fields.required("query")?.text()
        else { return nil }
        var check = Pipeline.Prometheus(name: name, url: url, query: query, period: fields["for"]?.duration() ?? .zero)
        check.via = fields["via"]?.choice() ?? check.via
        check.below = fields["below"]?.number()
        check.above = fields["above"]?.number()
        if fields["below"] == nil, fields["above"] == nil { node.error("missing-field", "'prometheus' needs 'below' or 'above'") }
        return .prometheus(check)
    }
}
