// SPDX-License-Identifier: Apache-2.0

import Manifests

/// One served version of a custom resource definition.
struct CustomResource: Sendable {
    struct Column: Sendable {
        let name: String
        let type: String
        let format: String
        let description: String
        let path: String
        let priority: Int64
    }

    let listKind: String
    let schema: Value
    let columns: [Column]
    let replicasPath: [String]?
    let statusReplicasPath: [String]?
    let selectorPath: [String]?
    let definition: String

    /// The types that a definition serves, one per served version.
    static func types(of definition: Value) -> [ResourceType] {
        guard let spec = definition["spec"], let group = spec["group"]?.string, let names = spec["names"],
            let plural = names["plural"]?.string, let kind = names["kind"]?.string
        else { return [] }
        let versions = (spec["versions"]?.list ?? []).filter { $0["served"]?.bool == true }
        return versions.sorted { precedes($0["name"]?.string ?? "", $1["name"]?.string ?? "") }.map { version in
            let schema = version.at("schema", "openAPIV3Schema") ?? ["type": "object", "x-kubernetes-preserve-unknown-fields": true]
            let scale = version.at("subresources", "scale")
            var subresources: [ResourceType.Subresource] = []
            if version.at("subresources", "status") != nil {
                subresources.append(.init(name: "status", kind: kind, verbs: ResourceType.statusVerbs))
            }
            if scale != nil { subresources.append(.init(name: "scale", kind: "Scale", verbs: ResourceType.statusVerbs)) }
            func path(_ name: String) -> [String]? {
                scale?[name]?.string.map { $0.split(separator: ".").map(String.init) }
            }
            let custom = CustomResource(
                listKind: names["listKind"]?.string ?? kind + "List", schema: schema,
                columns: (version["additionalPrinterColumns"]?.list ?? []).map { column in
                    Column(
                        name: column["name"]?.string ?? "", type: column["type"]?.string ?? "string",
                        format: column["format"]?.string ?? "",
                        description: column["description"]?.string ?? "", path: column["jsonPath"]?.string ?? "",
                        priority: column["priority"]?.int ?? 0)
                }, replicasPath: path("specReplicasPath"), statusReplicasPath: path("statusReplicasPath"),
                selectorPath: path("labelSelectorPath"), definition: definition.name)
            return ResourceType(
                group: group, version: version["name"]?.string ?? "", kind: kind, plural: plural, singular: names["singular"]?.string ?? "",
                isNamespaced: spec["scope"]?.string == "Namespaced",
                verbs: ["delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"],
                shortNames: names["shortNames"]?.list?.compactMap(\.string) ?? [],
                categories: names["categories"]?.list?.compactMap(\.string) ?? [], subresources: subresources,
                shape: CustomShape.root(schema, status: version.at("subresources", "status") != nil), custom: custom)
        }
    }

    /// Kubernetes' order of versions: v2 before v1 before v1beta2 before v1beta1 before v1alpha1, the rest by name.
    static func precedes(_ left: String, _ right: String) -> Bool {
        func rank(_ text: String) -> (Int, Int, Int)? {
            guard text.hasPrefix("v") else { return nil }
            var rest = text.dropFirst()
            let major = rest.prefix { $0.isNumber }
            guard let number = Int(major) else { return nil }
            rest = rest.dropFirst(major.count)
            if rest.isEmpty { return (3, number, 0) }
            for (word, stage) in [("beta", 2), ("alpha", 1)] where rest.hasPrefix(word) {
                guard let minor = Int(rest.dropFirst(word.count)) else { return nil }
                return (stage, number, minor)
            }
            return nil
        }
        switch (rank(left), rank(right)) {
        case (let one?, let other?): return one > other
        case (_?, nil): return true
        case (nil, _?): return false
        case (nil, nil): return left < right
        }
    }

    // MARK: - Defaults

    func applyDefaults(to object: inout Value) { Self.fill(&object, schema, isRoot: true) }

    private static func fill(_ value: inout Value, _ schema: Value, isRoot: Bool = false) {
        switch value {
        case .map(var map):
            value = .null
            for property in schema["properties"]?.map ?? Map() {
                if isRoot, ["metadata", "apiVersion", "kind"].contains(property.key) { continue }
                let present = map[property.key]
                let isNullable = property.value["nullable"]?.bool == true
                if let preset = property.value["default"], present == nil || present?.isNull == true && !isNullable {
                    map[property.key] = preset
                } else if present?.isNull == true, !isNullable {
                    map[property.key] = nil
                }
                if map[property.key] != nil { map.update(property.key) { fill(&$0, property.value) } }
            }
            if let additional = schema["additionalProperties"], additional.map != nil {
                map.updateValues { _, member in fill(&member, additional) }
            }
            value = .map(map)
        case .list(var items):
            guard let schema = schema["items"] else { return }
            value = .null
            for index in items.indices { fill(&items[index], schema) }
            value = .list(items)
        default: break
        }
    }

    // MARK: - Validation

    /// What is wrong with an object; with `<nil>` at the end when rules could not be checked for it.
    func problems(_ object: Value, old: Value?) -> [StatusError.Cause] {
        var causes: [StatusError.Cause] = []
        Self.check(object, schema, "", &causes, isRoot: true)
        let blocking = causes.contains {
            $0.reason != "FieldValueInvalid" && $0.reason != "FieldValueDuplicate" || $0.message.contains("must be of type")
        }
        if !causes.isEmpty {
            if blocking {
                causes.append(
                    StatusError.Cause(
                        reason: "FieldValueInvalid",
                        message:
                            "Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation",
                        field: "<nil>"))
            }
            return causes
        }
        SchemaRules.check(object, old: old, schema, "", &causes)
        return causes
    }

    private static func check(_ value: Value, _ schema: Value, _ path: String, _ causes: inout [StatusError.Cause], isRoot: Bool = false) {
        if value.isNull, schema["nullable"]?.bool == true || schema["x-kubernetes-preserve-unknown-fields"]?.bool == true { return }
        func add(_ reason: String, _ message: String) { causes.append(.init(reason: reason, message: message, field: path)) }
        func invalid(_ detail: String) { causes.append(.invalid(path, value, "\(path) in body \(detail)")) }
        if let type = schema["type"]?.string, !fits(value, type), schema["x-kubernetes-int-or-string"]?.bool != true {
            let word = goType(value)
            add("FieldValueTypeInvalid", "Invalid value: \"\(word)\": \(path) in body must be of type \(type): \"\(word)\"")
            return
        }
        if let allowed = schema["enum"]?.list, !allowed.contains(value) {
            causes.append(.unsupported(path, value, allowed.map { $0.string ?? JSON.text($0) }))
            return
        }
        switch value {
        case .string(let text):
            if let limit = schema["maxLength"]?.int, text.unicodeScalars.count > limit {
                add("FieldValueTooLong", "Too long: may not be more than \(limit) bytes")
                return
            }
            if let limit = schema["minLength"]?.int, text.unicodeScalars.count < limit {
                invalid("should be at least \(limit) chars long")
            }
            if let pattern = schema["pattern"]?.string, !Pattern.matches(pattern, text) { invalid("should match '\(pattern)'") }
        case .int, .decimal:
            let number = value.double ?? 0
            if let limit = schema["minimum"]?.double {
                let exclusive = schema["exclusiveMinimum"]?.bool == true
                if exclusive ? number <= limit : number < limit {
                    invalid("should be greater than \(exclusive ? "" : "or equal to ")\(JSON.text(schema["minimum"] ?? .null))")
                }
            }
            if let limit = schema["maximum"]?.double {
                let exclusive = schema["exclusiveMaximum"]?.bool == true
                if exclusive ? number >= limit : number > limit {
                    invalid("should be less than \(exclusive ? "" : "or equal to ")\(JSON.text(schema["maximum"] ?? .null))")
                }
            }
        case .list(let items):
            if let limit = schema["maxItems"]?.int, items.count > limit {
                add("FieldValueTooMany", "Too many: \(items.count): must have at most \(limit) items")
            }
            if let limit = schema["minItems"]?.int, items.count < limit { invalid("should have at least \(limit) items") }
            if let inner = schema["items"] {
                for (index, item) in items.enumerated() { check(item, inner, "\(path)[\(index)]", &causes) }
            }
            switch schema["x-kubernetes-list-type"]?.string {
            case "set":
                var seen: Set<Value> = []
                for (index, item) in items.enumerated() where !seen.insert(item).inserted {
                    causes.append(.duplicate("\(path)[\(index)]", item))
                }
            case "map":
                let keys = schema["x-kubernetes-list-map-keys"]?.list?.compactMap(\.string) ?? []
                var seen: Set<[Value]> = []
                for (index, item) in items.enumerated() where !seen.insert(keys.map { item[$0] ?? .null }).inserted {
                    causes.append(.duplicate("\(path)[\(index)]", .map(Map(keys.compactMap { key in item[key].map { (key, $0) } }))))
                }
            default: break
            }
        case .map(let map):
            for key in schema["required"]?.list?.compactMap(\.string) ?? [] where map[key] == nil {
                causes.append(.required(path.isEmpty ? key : "\(path).\(key)"))
            }
            if let limit = schema["maxProperties"]?.int, map.count > limit {
                add("FieldValueTooMany", "Too many: \(map.count): must have at most \(limit) items")
            }
            for entry in map {
                if isRoot, ["metadata", "apiVersion", "kind"].contains(entry.key) { continue }
                let below = path.isEmpty ? entry.key : "\(path).\(entry.key)"
                if let inner = schema["properties"]?[entry.key] {
                    check(entry.value, inner, below, &causes)
                } else if let inner = schema["additionalProperties"], inner.map != nil {
                    check(entry.value, inner, below, &causes)
                }
            }
        default: break
        }
    }

    private static func fits(_ value: Value, _ type: String) -> Bool {
        switch type {
        case "object": value.map != nil
        case "array": value.list != nil
        case "string": value.string != nil
        case "boolean": value.bool != nil
        case "integer": value.int != nil
        case "number": value.double != nil
        default: true
        }
    }

    private static func goType(_ value: Value) -> String {
        switch value {
        case .null: "null"
        case .bool: "boolean"
        case .int: "integer"
        case .decimal: "number"
        case .string: "string"
        case .list: "array"
        case .map: "object"
        }
    }
}

/// Reads a structural schema as a shape.
enum CustomShape {
    static func root(_ schema: Value, status: Bool) -> Shape {
        var fields = [
            Field(name: "apiVersion", shape: .string), Field(name: "kind", shape: .string),
            Field(name: "metadata", shape: Schema.builtIn["ObjectMeta"]),
        ]
        for property in schema["properties"]?.map ?? Map() where !["apiVersion", "kind", "metadata"].contains(property.key) {
            fields.append(Field(name: property.key, shape: shape(property.value), isPointer: true))
        }
        return .object(
            ObjectShape(name: "", fields: fields, open: schema["x-kubernetes-preserve-unknown-fields"]?.bool == true))
    }

    static func shape(_ schema: Value) -> Shape {
        if schema["x-kubernetes-int-or-string"]?.bool == true { return .integerOrString }
        let isOpen = schema["x-kubernetes-preserve-unknown-fields"]?.bool == true
        if schema["x-kubernetes-embedded-resource"]?.bool == true { return .any }
        switch schema["type"]?.string {
        case "string": return .string
        case "integer": return .integer
        case "number": return .number
        case "boolean": return .boolean
        case "array":
            let item = schema["items"].map(shape) ?? .any
            switch schema["x-kubernetes-list-type"]?.string {
            case "set": return .list(ListShape(item: item, relation: .set))
            case "map":
                let keys = schema["x-kubernetes-list-map-keys"]?.list?.compactMap(\.string) ?? []
                let defaults = schema["items"]?["properties"]
                return .list(
                    ListShape(item: item, relation: .keyed(keys.map { ListKey(name: $0, fallback: defaults?[$0]?["default"]) })))
            default: return .list(ListShape(item: item, relation: .atomic))
            }
        case "object", nil:
            let atomic = schema["x-kubernetes-map-type"]?.string == "atomic"
            if case .map(let properties)? = schema["properties"] {
                let fields = properties.map { Field(name: $0.key, shape: shape($0.value), isPointer: true) }
                return .object(ObjectShape(name: "", fields: fields, atomic: atomic, open: isOpen))
            }
            if let additional = schema["additionalProperties"] {
                return .map(MapShape(value: additional.map != nil ? shape(additional) : .any, atomic: atomic))
            }
            if isOpen || schema["type"] == nil { return .any }
            return .object(ObjectShape(name: "", fields: [], atomic: atomic))
        default: return .any
        }
    }
}
