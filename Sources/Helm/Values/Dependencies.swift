// SPDX-License-Identifier: Apache-2.0
import GoTemplate
import Manifests

/// Chooses, names and enables the charts that a chart depends on, and imports values of theirs.
enum Dependencies {
    /// The chart as it is rendered with these values.
    static func resolved(_ chart: Chart, _ values: Map) throws(HelmFailure) -> Chart {
        var chart = chart
        try check(chart)
        try choose(&chart, values, path: "")
        try importValues(&chart)
        return chart
    }

    /// Everything that Chart.yaml names must lie in `charts/`: nothing is fetched.
    private static func check(_ chart: Chart) throws(HelmFailure) {
        let present = Set(chart.dependencies.map(\.name))
        let missing = (chart.metadata.dependencies ?? []).map(\.name).filter { !present.contains($0) }
        guard missing.isEmpty else {
            throw HelmFailure(
                .dependency, "found in Chart.yaml, but missing in charts/ directory: \(missing.joined(separator: ", "))")
        }
    }

    private static func choose(_ chart: inout Chart, _ values: Map, path: String) throws(HelmFailure) {
        guard var wanted = chart.metadata.dependencies else { return }
        // A chart in `charts/` that nobody names is always on.
        var chosen = chart.dependencies.filter { existing in !wanted.contains { fits(existing, $0) } }
        for index in wanted.indices {
            if var found = chart.dependencies.first(where: { fits($0, wanted[index]) }) {
                if !wanted[index].alias.isEmpty { found.metadata.name = wanted[index].alias }
                chosen.append(found)
            }
            if !wanted[index].alias.isEmpty { wanted[index].name = wanted[index].alias }
        }
        chart.dependencies = chosen
        let known = try Coalescing.coalesced(chart, values)
        let tags = ChartValues.table("tags", in: known)
        for index in wanted.indices { wanted[index].isEnabled = isEnabled(wanted[index], tags, known, path) }
        let off = Set(wanted.lazy.filter { !$0.isEnabled }.map(\.name))
        chart.dependencies.removeAll { off.contains($0.name) }
        wanted.removeAll { off.contains($0.name) }
        chart.metadata.dependencies = wanted
        for index in chart.dependencies.indices {
            try choose(&chart.dependencies[index], known, path: "\(path)\(chart.dependencies[index].name).")
        }
    }

    private static func fits(_ chart: Chart, _ wanted: ChartMetadata.Dependency) -> Bool {
        guard chart.name == wanted.name else { return false }
        guard let version = try? SemanticVersion(chart.metadata.version), let constraint = try? VersionConstraint(wanted.version) else {
            return false
        }
        return constraint.allows(version)
    }

    /// The first condition that leads to a boolean decides; without one, the tags.
    private static func isEnabled(_ wanted: ChartMetadata.Dependency, _ tags: Map?, _ values: Map, _ path: String) -> Bool {
        let conditions = wanted.condition.split(separator: ",").enumerated().map { index, text in
            // Only the whole text is trimmed, not its parts: as Helm has it.
            index == 0 ? text.drop { $0.isWhitespace } : text[...]
        }
        for condition in conditions {
            var name = String(condition)
            if condition.endIndex == wanted.condition.endIndex { while name.last?.isWhitespace == true { name.removeLast() } }
            guard !name.isEmpty else { continue }
            if case .bool(let flag)? = ChartValues.scalar(path + name, in: values) { return flag }
        }
        let flags = wanted.tags.compactMap { tags?[$0]?.bool }
        return flags.isEmpty || flags.contains(true)
    }

    // MARK: - Importing values

    private static func importValues(_ chart: inout Chart) throws(HelmFailure) {
        for index in chart.dependencies.indices { try importValues(&chart.dependencies[index]) }
        guard var dependencies = chart.metadata.dependencies else { return }
        var all = try Coalescing.merged(chart, Map())
        var imported = Map()
        for index in dependencies.indices {
            var rules: [Value] = []
            for rule in dependencies[index].importValues {
                let child: String
                let parent: String
                switch rule {
                case .map(let map): (child, parent) = (text(map["child"]), text(map["parent"]))
                case .string(let name): (child, parent) = ("exports.\(name)", ".")
                default: continue
                }
                rules.append(["child": .string(child), "parent": .string(parent)])
                guard let table = ChartValues.table("\(dependencies[index].name).\(child)", in: all) else { continue }
                Coalescing.fill(&imported, from: placed(table, at: parent), isMerging: true)
            }
            dependencies[index].importValues = rules
        }
        chart.metadata.dependencies = dependencies
        // What the chart says itself goes before what it imports.
        Coalescing.fill(&all, from: imported, isMerging: true)
        chart.values = all
    }

    private static func placed(_ table: Map, at path: String) -> Map {
        guard path != "." else { return table }
        return path.split(separator: ".", omittingEmptySubsequences: false).reversed().reduce(table) { inner, part in
            Map([(String(part), .map(inner))])
        }
    }

    private static func text(_ value: Value?) -> String {
        switch value {
        case .string(let text)?: text
        case .int(let number)?: String(number)
        case .bool(let flag)?: String(flag)
        default: "<nil>"
        }
    }
}
