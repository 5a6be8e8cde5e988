// SPDX-License-Identifier: Apache-2.0
import Manifests

/// The fleet's state on one page.
struct StatusText {
    let status: Value

    var isUnhealthy: Bool {
        (status.at("applications", "failed")?.int ?? 0) > 0 || (status.at("clusters", "offline")?.int ?? 0) > 0
            || status.at("trunk", "valid")?.bool == false || stages.contains(where: \.isUnhealthy)
    }

    private var stages: [StageText] { (status["stages"]?.list ?? []).map(StageText.init) }

    func text(style: Style) -> String {
        var text = ""
        if let trunk = status["trunk"], !trunk.isNull {
            text += "Trunk         \(StageText.short(trunk["commit"]?.string)) \(Table.visible(trunk["subject"]?.string ?? ""))"
            text += trunk["valid"]?.bool == false ? "  \(style.paint("not valid", .bad))\n" : "\n"
            for line in trunk["diagnostics"]?.list ?? [] { text += "  \(Table.visible(line.string ?? ""))\n" }
        }
        text += "Clusters      " + counts("clusters", ["total", "online", "offline"], style) + "\n"
        text += "Applications  " + counts("applications", ["total", "current", "progressing", "failed"], style) + "\n\n"
        var table = Table(["STAGE", "STATE", "CLUSTERS", "RUNS", "DOING"])
        for stage in stages { table.append([stage.name, stage.state, stage.clusters, stage.running, stage.doing]) }
        return text + (table.isEmpty ? "There are no stages yet.\n" : table.text(style: style))
    }

    private func counts(_ group: String, _ keys: [String], _ style: Style) -> String {
        let parts = keys.compactMap { key -> String? in
            guard let count = status.at(group, key)?.int else { return nil }
            return style.paint("\(count) \(key)", count > 0 ? (key == "total" ? .plain : Style.tone(of: key)) : .faint)
        }
        return parts.joined(separator: ", ")
    }
}
