// SPDX-License-Identifier: Apache-2.0
import Manifests

/// Tables of what the API lists.
struct Listing {
    let noun: Get.Noun
    let wide: Bool

    func text(_ items: [Value], style: Style) -> String {
        guard !items.isEmpty else { return noun == .access ? "No access policy is in force here.\n" : "There are no \(noun.rawValue).\n" }
        var table = Table(header)
        for item in items { for row in rows(item) { table.append(row) } }
        return table.text(style: style)
    }

    private var header: [String] {
        switch noun {
        case .clusters:
            ["NAME", "ENVIRONMENT", "STATE", "APPLICATIONS"] + (wide ? ["FAILED", "LAST CONTACT", "AGENT", "KUBERNETES", "LABELS"] : [])
        case .applications: ["NAME", "PIPELINE", "CLUSTERS", "CURRENT", "PROGRESSING", "FAILED"] + (wide ? ["DEPENDS ON"] : [])
        case .environments: ["NAME", "CLUSTERS", "ONLINE", "PIPELINES"]
        case .pipelines: ["STAGE", "STATE", "CLUSTERS", "RUNS", "DOING"] + (wide ? ["RECORD"] : [])
        case .enrollments:
            ["CLUSTER", "ID", "STATE", "EXPIRES", "FINGERPRINT"] + (wide ? ["BY", "INSTANCE", "ADDRESS", "APPROVED BY"] : [])
        case .access: ["POLICY", "ROLE", "WHO", "PIPELINES", "ENVIRONMENTS", "DECLARED"]
        case .releases: ["PIPELINE", "RELEASE", "SUBJECT", "AUTHOR", "STAGES"] + (wide ? ["COMMITTED", "ERROR"] : [])
        }
    }

    private func rows(_ item: Value) -> [[String]] {
        switch noun {
        case .clusters: [cluster(item)]
        case .applications: [application(item)]
        case .environments:
            [[Self.string(item, "name"), Self.count(item, "clusters"), Self.count(item, "online"), Self.strings(item, "pipelines")]]
        case .pipelines:
            (item["stages"]?.list ?? []).map { stage in
                let text = StageText(stage: stage)
                return [text.name, text.state, text.clusters, text.running, text.doing]
                    + (wide ? [stage.at("running", "commit")?.string ?? ""] : [])
            }
        case .access: [policy(item)]
        case .releases: [release(item)]
        case .enrollments: [enrollment(item)]
        }
    }

    private func cluster(_ item: Value) -> [String] {
        let state = item["paused"]?.bool == true ? "paused" : item["online"]?.bool == true ? "online" : "offline"
        let applications = item["applications"] ?? .null
        var row = [Self.string(item, "name"), Self.string(item, "environment"), state]
        row.append("\(Self.count(applications, "current"))/\(Self.count(applications, "total"))")
        if wide {
            row += [Self.count(applications, "failed"), Self.string(item, "lastContact"), Self.string(item, "agentVersion")]
            row.append(Self.string(item, "kubernetesVersion"))
            row.append((item["labels"]?.map?.entries ?? []).map { "\($0.key)=\($0.value.string ?? "")" }.joined(separator: ","))
        }
        return row
    }

    private func application(_ item: Value) -> [String] {
        var row = [Self.string(item, "name"), Self.string(item, "pipeline")]
        row += ["clusters", "current", "progressing", "failed"].map { item[$0]?.int.map(String.init) ?? "" }
        if wide { row.append(Self.strings(item, "dependsOn")) }
        return row
    }

    private func policy(_ item: Value) -> [String] {
        func names(_ key: String, _ kind: String) -> [String] { (item[key]?.list ?? []).compactMap(\.string).map { "\(kind) \($0)" } }
        func limit(_ key: String) -> String { item[key]?.list == nil ? "all" : Self.strings(item, key) }
        return [
            Self.string(item, "name"), Self.string(item, "role"),
            (names("groups", "group") + names("users", "user")).joined(separator: ", "),
            limit("pipelines"), limit("environments"), Self.string(item, "declared"),
        ]
    }

    private func release(_ item: Value) -> [String] {
        let stages = (item["stages"]?.map?.entries ?? []).map { "\($0.key): \($0.value.string ?? "")" }.joined(separator: ", ")
        var row = [Self.string(item, "pipeline"), StageText.short(item["release"]?.string), Self.string(item, "subject")]
        row += [Self.string(item, "author"), stages]
        if wide { row += [Self.string(item, "committedAt"), Self.string(item, "error")] }
        return row
    }

    private func enrollment(_ item: Value) -> [String] {
        ["cluster", "id", "state", "expires", "fingerprint"].map { Self.string(item, $0) }
            + (wide ? ["createdBy", "instance", "address", "approvedBy"].map { Self.string(item, $0) } : [])
    }

    /// Applications on clusters.
    static func states(_ states: [Value], wide: Bool, style: Style) -> String {
        let header = ["APPLICATION", "CLUSTER", "RELEASE", "PHASE", "HEALTH", "OBJECTS", "MESSAGE"]
        var table = Table(header + (wide ? ["SINCE", "BUNDLE"] : []))
        for state in states {
            var row = [string(state, "application"), string(state, "cluster"), StageText.short(state["release"]?.string)]
            row += [string(state, "phase"), string(state, "health")]
            row += ["\(count(state, "objectsCurrent"))/\(count(state, "objectsTotal"))", string(state, "message")]
            if wide { row += [string(state, "since"), string(state, "bundle")] }
            table.append(row)
        }
        return table.text(style: style)
    }

    private static func string(_ item: Value, _ key: String) -> String { item[key]?.string ?? "" }
    private static func count(_ item: Value, _ key: String) -> String { item[key]?.int.map(String.init) ?? "0" }
    private static func strings(_ item: Value, _ key: String) -> String {
        (item[key]?.list ?? []).compactMap(\.string).joined(separator: ", ")
    }
}
