// SPDX-License-Identifier: Apache-2.0
import Manifests

/// Puts a chart's defaults, and those of its dependencies, under the values that were given.
///
/// Values of a chart go before those of its dependencies; maps are merged, all else is replaced. `null` removes a default, unless the
/// values are only *merged*: what is worked on further keeps it, so that it removes in the end.
struct Coalescing {
    /// Keeps `null` rather than letting it remove.
    let isMerging: Bool

    /// The values of a chart with all that it depends on.
    static func coalesced(_ chart: Chart, _ values: Map) throws(HelmFailure) -> Map {
        var values = values
        try Coalescing(isMerging: false).coalesce(chart, &values)
        return values
    }

    static func merged(_ chart: Chart, _ values: Map) throws(HelmFailure) -> Map {
        var values = values
        try Coalescing(isMerging: true).coalesce(chart, &values)
        return values
    }

    private func coalesce(_ chart: Chart, _ values: inout Map) throws(HelmFailure) {
        addDefaults(of: chart, to: &values)
        for dependency in chart.dependencies {
            var inner: Map
            switch values[dependency.name] {
            case nil: inner = Map()
            case .map(let map)?: inner = map
            case let other?: throw HelmFailure(.values, "type mismatch on \(dependency.name): expected an object, found \(other.kindName)")
            }
            addGlobals(of: values, to: &inner)
            try coalesce(dependency, &inner)
            values[dependency.name] = .map(inner)
        }
    }

    private func addDefaults(of chart: Chart, to values: inout Map) {
        for (key, standard) in chart.values.entries.lazy.map({ ($0.key, $0.value) }) {
            guard let given = values[key] else {
                if isMerging {
                    values[key] = standard
                } else if !standard.isNull {
                    values[key] = standard.withoutNulls
                }
                continue
            }
            if given.isNull, !isMerging {
                values[key] = nil
            } else if case .map(var map) = given, case .map(var defaults) = standard {
                // What is meant for a dependency is looked at again with that dependency's defaults.
                let merges = isMerging || chart.dependencies.contains { $0.name == key }
                if !merges { defaults = defaults.withoutNulls }
                values[key] = .null
                Self.fill(&map, from: defaults, isMerging: merges)
                values[key] = .map(map)
            }
        }
    }

    /// The globals of a chart, which every dependency sees, under the dependency's own.
    private func addGlobals(of values: Map, to inner: inout Map) {
        var globals: Map
        switch inner[Self.globalKey] {
        case nil: globals = Map()
        case .map(let map)?: globals = map
        default: return
        }
        let outer: Map
        switch values[Self.globalKey] {
        case nil: outer = Map()
        case .map(let map)?: outer = map
        default: return
        }
        for entry in outer {
            guard case .map(var table) = entry.value else {
                if globals[entry.key]?.map == nil { globals[entry.key] = entry.value }
                continue
            }
            switch globals[entry.key] {
            case nil: globals[entry.key] = entry.value
            case .map(let own)?:
                // The chart above has the last word.
                Self.fill(&table, from: own, isMerging: true)
                globals[entry.key] = .map(table)
            default: continue
            }
        }
        inner[Self.globalKey] = .map(globals)
    }

    private static let globalKey = "global"

    /// Adds to `target` what only `source` has; maps in both are merged.
    static func fill(_ target: inout Map, from source: Map, isMerging: Bool) {
        for entry in source {
            guard let own = target[entry.key] else {
                target[entry.key] = entry.value
                continue
            }
            if !isMerging, own.isNull, !entry.value.isNull {
                target[entry.key] = nil
            } else if case .map(let inner) = entry.value, case .map(var map) = own {
                target[entry.key] = .null
                fill(&map, from: inner, isMerging: isMerging)
                target[entry.key] = .map(map)
            }
        }
    }
}

extension Value {
    /// Without the `null` members of maps, at any depth within maps.
    fileprivate var withoutNulls: Value { if case .map(let map) = self { .map(map.withoutNulls) } else { self } }
}

extension Map {
    fileprivate var withoutNulls: Map {
        Map(unique: entries.compactMap { $0.value.isNull ? nil : Entry(key: $0.key, value: $0.value.withoutNulls) })
    }
}
