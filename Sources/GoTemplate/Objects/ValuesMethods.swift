// SPDX-License-Identifier: Apache-2.0
package import Manifests

/// The methods of `.Values`, the one map with any.
enum ValuesMethods {
    static let typeName = "common.Values"
    static let names: Set<String> = ["AsMap", "YAML", "Table", "PathValue"]

    /// `nil` for other maps.
    static func method(_ name: String, _ map: Dictionary) -> TemplateMethod? {
        guard map.typeName == typeName else { return nil }
        switch name {
        case "AsMap":
            return TemplateMethod { _ in .map(map.retyped(Parameter.map.goName)) }
        case "YAML": return TemplateMethod { _ throws(TemplateFailure) in .string(try YAMLFormat.write(.map(map)) + "\n") }
        case "Table":
            return TemplateMethod([.string]) { arguments throws(TemplateFailure) in
                .map(try table(map, arguments[0].text.split(separator: ".")).retyped(typeName))
            }
        case "PathValue":
            return TemplateMethod([.string]) { arguments throws(TemplateFailure) in
                let path = arguments[0].text.split(separator: ".")
                guard let last = path.last else { throw TemplateFailure("YAML path cannot be empty") }
                guard let value = try table(map, path.dropLast())[String(last)], value.dictionary == nil else {
                    throw TemplateFailure("\(Quoting.quote(String(last))) is not a value")
                }
                return value
            }
        default: return nil
        }
    }

    private static func table(_ map: Dictionary, _ path: some Sequence<Substring>) throws(TemplateFailure) -> Dictionary {
        var here = map
        for name in path {
            guard let next = here[String(name)]?.dictionary else { throw TemplateFailure("\(Quoting.quote(String(name))) is not a table") }
            here = next
        }
        return here
    }
}

extension Datum {
    /// The values of a chart: a map with the methods that Helm gives to `.Values`.
    package init(values: Value) {
        self = .map((Datum(values).dictionary ?? Dictionary()).retyped(ValuesMethods.typeName))
    }
}
