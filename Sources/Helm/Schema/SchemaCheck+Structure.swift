// SPDX-License-Identifier: Apache-2.0
import Manifests

extension SchemaCheck {
    // MARK: - Lists

    mutating func checkItems(
        _ rules: Map, _ items: [Value], _ place: String, _ depth: Int, _ seen: inout Seen
    ) throws(HelmFailure) -> Bool {
        var fits = checkCount(rules, items.count, place, "minItems", "maxItems")
        if rules["uniqueItems"]?.bool == true {
            outer: for (index, item) in items.enumerated() {
                for earlier in 0..<index where Self.equal(items[earlier], item) {
                    report(place, "items at \(earlier) and \(index) are equal")
                    fits = false
                    break outer
                }
            }
        }
        var rest = 0
        if let first = schema.draft >= .year2020 ? rules["prefixItems"]?.list : rules["items"]?.list {
            for (index, one) in first.enumerated() where index < items.count {
                fits = try run(one, items[index], "\(place)/\(index)", depth: depth + 1).fits && fits
            }
            rest = min(first.count, items.count)
            seen.items = max(seen.items, rest)
        }
        let others: Value? =
            if schema.draft >= .year2020 {
                rules["items"]
            } else if rules["items"]?.list != nil {
                rules["additionalItems"]
            } else {
                rules["items"]
            }
        if let others, others.list == nil {
            for index in rest..<max(rest, items.count) {
                fits = try run(others, items[index], "\(place)/\(index)", depth: depth + 1).fits && fits
            }
            seen.items = items.count
        }
        if schema.draft >= .six, let wanted = rules["contains"] {
            var count = 0
            for (index, item) in items.enumerated() where try probe(wanted, item, place, depth).fits {
                count += 1
                if schema.draft >= .year2020 { seen.single.insert(index) }
            }
            let modern = schema.draft >= .year2019
            let least = modern ? rules["minContains"]?.double ?? 1 : 1
            if Double(count) < least {
                report(place, "no items match contains schema")
                fits = false
            }
            if modern, let most = rules["maxContains"]?.double, Double(count) > most {
                report(place, "maxContains: got \(count), want \(Self.number(most))")
                fits = false
            }
        }
        return fits
    }

    private mutating func checkCount(_ rules: Map, _ count: Int, _ place: String, _ least: String, _ most: String) -> Bool {
        var fits = true
        if let limit = rules[least]?.double, Double(count) < limit {
            report(place, "\(least): got \(count), want \(Self.number(limit))")
            fits = false
        }
        if let limit = rules[most]?.double, Double(count) > limit {
            report(place, "\(most): got \(count), want \(Self.number(limit))")
            fits = false
        }
        return fits
    }

    // MARK: - Objects

    mutating func checkMembers(
        _ rules: Map, _ map: Map, _ place: String, _ depth: Int, _ seen: inout Seen
    ) throws(HelmFailure) -> Bool {
        var fits = checkCount(rules, map.count, place, "minProperties", "maxProperties")
        let missing = (rules["required"]?.list ?? []).compactMap(\.string).filter { map[$0] == nil }
        if !missing.isEmpty {
            report(place, (missing.count == 1 ? "missing property " : "missing properties ") + Self.names(missing))
            fits = false
        }
        let declared = rules["properties"]?.map
        let patterned = rules["patternProperties"]?.map
        let others = rules["additionalProperties"]
        var unknown: [String] = []
        for entry in map {
            let inner = "\(place)/\(Self.escaped(entry.key))"
            var isKnown = false
            if let one = declared?[entry.key] {
                isKnown = true
                fits = try run(one, entry.value, inner, depth: depth + 1).fits && fits
            }
            for pattern in patterned?.entries ?? [] where try matches(pattern.key, entry.key) {
                isKnown = true
                fits = try run(pattern.value, entry.value, inner, depth: depth + 1).fits && fits
            }
            if isKnown {
                seen.members.insert(entry.key)
            } else if let others {
                seen.members.insert(entry.key)
                if others.bool == false {
                    unknown.append(entry.key)
                } else {
                    fits = try run(others, entry.value, inner, depth: depth + 1).fits && fits
                }
            }
            if schema.draft >= .six, let names = rules["propertyNames"], try !probe(names, .string(entry.key), place, depth).fits {
                report(place, "invalid propertyName '\(entry.key)'")
                fits = false
            }
        }
        if !unknown.isEmpty {
            report(place, "additional properties \(Self.names(unknown)) not allowed")
            fits = false
        }
        return try checkDependent(rules, map, place, depth, &seen) && fits
    }

    /// `dependencies`, and what became of it.
    private mutating func checkDependent(
        _ rules: Map, _ map: Map, _ place: String, _ depth: Int, _ seen: inout Seen
    ) throws(HelmFailure) -> Bool {
        var fits = true
        for key in ["dependencies", "dependentRequired", "dependentSchemas"] {
            for entry in rules[key]?.map?.entries ?? [] where map[entry.key] != nil {
                if let names = entry.value.list?.compactMap(\.string) {
                    let missing = names.filter { map[$0] == nil }
                    guard !missing.isEmpty else { continue }
                    report(
                        place,
                        (missing.count == 1 ? "property " : "properties ") + Self.names(missing) + " required, if '\(entry.key)' exists")
                    fits = false
                } else {
                    let result = try run(entry.value, .map(map), place, depth: depth + 1)
                    fits = fits && result.fits
                    seen.add(result.seen)
                }
            }
        }
        return fits
    }

    private static func names(_ names: [String]) -> String { names.map { "'\($0)'" }.joined(separator: ", ") }

    static func escaped(_ key: String) -> String { key.replacing("~", with: "~0").replacing("/", with: "~1") }

    // MARK: - Combinations

    mutating func checkCombined(
        _ rules: Map, _ value: Value, _ place: String, _ depth: Int, _ seen: inout Seen
    ) throws(HelmFailure) -> Bool {
        var fits = true
        for one in rules["allOf"]?.list ?? [] {
            let result = try run(one, value, place, depth: depth + 1)
            fits = fits && result.fits
            seen.add(result.seen)
        }
        if let any = rules["anyOf"]?.list {
            fits = try checkAny(any, value, place, depth, &seen) && fits
        }
        if let one = rules["oneOf"]?.list {
            fits = try checkOne(one, value, place, depth, &seen) && fits
        }
        if let not = rules["not"], try probe(not, value, place, depth).fits {
            report(place, "'not' failed")
            fits = false
        }
        if schema.draft >= .seven, let condition = rules["if"] {
            let result = try probe(condition, value, place, depth)
            if result.fits { seen.add(result.seen) }
            if let branch = rules[result.fits ? "then" : "else"] {
                let result = try run(branch, value, place, depth: depth + 1)
                fits = fits && result.fits
                seen.add(result.seen)
            }
        }
        return fits
    }

    private mutating func checkAny(
        _ schemas: [Value], _ value: Value, _ place: String, _ depth: Int, _ seen: inout Seen
    ) throws(HelmFailure) -> Bool {
        var fits = false
        for one in schemas {
            let result = try probe(one, value, place, depth)
            guard result.fits else { continue }
            fits = true
            seen.add(result.seen)
        }
        guard !fits else { return true }
        report(place, "anyOf failed")
        for one in schemas { _ = try run(one, value, place, depth: depth + 1) }
        return false
    }

    private mutating func checkOne(
        _ schemas: [Value], _ value: Value, _ place: String, _ depth: Int, _ seen: inout Seen
    ) throws(HelmFailure) -> Bool {
        var matching: [Int] = []
        for (index, one) in schemas.enumerated() {
            let result = try probe(one, value, place, depth)
            guard result.fits else { continue }
            matching.append(index)
            seen.add(result.seen)
        }
        switch matching.count {
        case 1: return true
        case 0:
            report(place, "oneOf failed, none matched")
            for one in schemas { _ = try run(one, value, place, depth: depth + 1) }
        default: report(place, "oneOf failed, subschemas \(matching.map { "\($0)" }.joined(separator: ", ")) matched")
        }
        return false
    }

    // MARK: - What nobody looked at

    mutating func checkUnevaluated(
        _ rules: Map, _ value: Value, _ place: String, _ depth: Int, _ seen: inout Seen
    ) throws(HelmFailure) -> Bool {
        guard schema.draft >= .year2019 else { return true }
        var fits = true
        if let rule = rules["unevaluatedProperties"], case .map(let map) = value {
            var unknown: [String] = []
            for entry in map where !seen.members.contains(entry.key) {
                seen.members.insert(entry.key)
                if rule.bool == false {
                    unknown.append(entry.key)
                } else {
                    fits = try run(rule, entry.value, "\(place)/\(Self.escaped(entry.key))", depth: depth + 1).fits && fits
                }
            }
            if !unknown.isEmpty {
                report(place, "unevaluated properties \(Self.names(unknown)) not allowed")
                fits = false
            }
        }
        if let rule = rules["unevaluatedItems"], case .list(let items) = value {
            for index in min(seen.items, items.count)..<items.count where !seen.single.contains(index) {
                fits = try run(rule, items[index], "\(place)/\(index)", depth: depth + 1).fits && fits
            }
            seen.items = items.count
        }
        return fits
    }
}
