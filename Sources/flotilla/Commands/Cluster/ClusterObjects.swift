// SPDX-License-Identifier: Apache-2.0
import Manifests

/// What a cluster has of a kind, read by its agent.
struct ClusterObjects {
    let kind: String
    let name: String?
    let namespace: String
    let output: OutputFormat

    func show(_ options: ClientOptions, cluster: String) async throws {
        var parameters: Map = ["kind": .string(kind), "namespace": .string(namespace)]
        if let name { parameters["name"] = .string(name) }
        let client = try options.client()
        let command = try await CommandRun(client: client, cluster: cluster).run("listObject", parameters)
        await client.shutdown()
        try CommandRun.check(command)
        let found = command["output"] ?? .null
        if let object = found["object"] {
            return Terminal.write(output.document(object) ?? YAML.write(object), to: 1)
        }
        if let text = output.document(found) { return Terminal.write(text, to: 1) }
        guard found["items"]?.list?.isEmpty == false else {
            return Terminal.note(Table.visible(command["message"]?.string ?? "there is nothing"))
        }
        Terminal.write(Self.table(found, wide: output == .wide), to: 1)
        if found["truncated"] == true || (found["total"]?.int ?? 0) > Int64(found["items"]?.list?.count ?? 0) {
            Terminal.note(Table.visible(command["message"]?.string ?? ""))
        }
    }

    static func table(_ found: Value, wide: Bool, style: Style = Terminal.style) -> String {
        let items = found["items"]?.list ?? []
        let hasNamespaces = items.contains { !($0["namespace"]?.string ?? "").isEmpty }
        var table = Table((hasNamespaces ? ["NAMESPACE"] : []) + ["NAME", "HEALTH", "CREATED", "MESSAGE"])
        for item in items {
            let cells = ["name", "health", "createdAt", "message"].map { item[$0]?.string ?? "" }
            table.append((hasNamespaces ? [item["namespace"]?.string ?? ""] : []) + cells)
        }
        return table.text(style: style)
    }
}
