// SPDX-License-Identifier: Apache-2.0

import Crypto
import Manifests

/// The schemas that clients validate against, written from the shapes that the server itself goes by.
enum OpenAPI {
    static func index(_ types: [ResourceType]) -> Value {
        var paths: Map = [:]
        func add(_ path: String) {
            let hash = SHA512.hash(data: Array("\(path) \(types.count)".utf8)).map { byte in
                let digits = String(byte, radix: 16, uppercase: true)
                return digits.count == 1 ? "0" + digits : digits
            }.joined()
            paths[path] = ["serverRelativeURL": .string("/openapi/v3/\(path)?hash=\(hash)")]
        }
        for path in [".well-known/openid-configuration", "api", "api/v1", "apis"] { add(path) }
        var seen: Set<String> = []
        for type in types where !type.group.isEmpty {
            if seen.insert(type.group).inserted, !type.isCustom { add("apis/\(type.group)") }
            if seen.insert(type.apiVersion).inserted { add("apis/\(type.apiVersion)") }
        }
        for path in ["openid/v1/jwks", "version"] { add(path) }
        return ["paths": .map(paths)]
    }

    static func document(_ types: [ResourceType]) -> Value {
        var schemas = Map()
        var paths = Map()
        for type in types {
            let kind: Value = ["group": .string(type.group), "kind": .string(type.kind), "version": .string(type.version)]
            var schema = definition(type, into: &schemas, prefix: "#/components/schemas/")
            schema["x-kubernetes-group-version-kind"] = [kind]
            let root = type.group.isEmpty ? "/api/v1" : "/apis/\(type.apiVersion)"
            let base = type.isNamespaced ? "\(root)/namespaces/{namespace}/\(type.plural)" : "\(root)/\(type.plural)"
            schemas[name(type)] = .map(schema)
            let parameters: Value = .list(
                ["dryRun", "fieldManager", "fieldValidation", "force"].map {
                    ["name": .string($0), "in": "query", "schema": ["type": "string", "uniqueItems": true]]
                })
            paths["\(base)/{name}"] = [
                "patch": [
                    "parameters": parameters, "x-kubernetes-action": "patch", "x-kubernetes-group-version-kind": kind,
                    "responses": ["200": ["description": "OK"]],
                ]
            ]
            paths[base] = [
                "post": [
                    "parameters": parameters, "x-kubernetes-action": "post", "x-kubernetes-group-version-kind": kind,
                    "responses": ["200": ["description": "OK"]],
                ]
            ]
        }
        return [
            "openapi": "3.0.0", "info": ["title": "Kubernetes", "version": "v1.36.2"], "paths": .map(paths),
            "components": ["schemas": .map(schemas)],
        ]
    }

    static func version2(_ types: [ResourceType]) -> Value {
        var definitions = Map()
        for type in types {
            var schema = definition(type, into: &definitions, prefix: "#/definitions/")
            schema["x-kubernetes-group-version-kind"] = [
                ["group": .string(type.group), "kind": .string(type.kind), "version": .string(type.version)]
            ]
            definitions[name(type)] = .map(schema)
        }
        return [
            "swagger": "2.0", "info": ["title": "Kubernetes", "version": "v1.36.2"], "paths": [:], "definitions": .map(definitions),
        ]
    }

    private static func name(_ type: ResourceType) -> String {
        let group = type.group.isEmpty ? "core" : type.isCustom ? type.group : String(type.group.prefix { $0 != "." })
        let reversed = type.isCustom ? type.group.split(separator: ".").reversed().joined(separator: ".") : "io.k8s.api.\(group)"
        return "\(reversed).\(type.version).\(type.kind)"
    }

    private static func definition(_ type: ResourceType, into schemas: inout Map, prefix: String) -> Map {
        guard case .map(let map) = schema(type.shape, into: &schemas, prefix: prefix, inline: true) else { return ["type": "object"] }
        return map
    }

    private static func schema(_ shape: Shape, into schemas: inout Map, prefix: String, inline: Bool = false) -> Value {
        switch shape {
        case .string: return ["type": "string"]
        case .integer: return ["type": "integer", "format": "int32"]
        case .boolean: return ["type": "boolean"]
        case .number: return ["type": "number"]
        case .quantity: return ["oneOf": [["type": "string"], ["type": "number"]]]
        case .integerOrString: return ["x-kubernetes-int-or-string": true, "oneOf": [["type": "integer"], ["type": "string"]]]
        case .time, .microTime: return ["type": "string", "format": "date-time"]
        case .bytes: return ["type": "string", "format": "byte"]
        case .any: return ["x-kubernetes-preserve-unknown-fields": true]
        case .map(let map):
            return ["type": "object", "additionalProperties": schema(map.value, into: &schemas, prefix: prefix)]
        case .list(let list):
            var map: Map = ["type": "array", "items": schema(list.item, into: &schemas, prefix: prefix)]
            switch list.relation {
            case .atomic: map["x-kubernetes-list-type"] = "atomic"
            case .set: map["x-kubernetes-list-type"] = "set"
            case .keyed(let keys):
                map["x-kubernetes-list-type"] = "map"
                map["x-kubernetes-list-map-keys"] = .list(keys.map { .string($0.name) })
            }
            if list.merges {
                map["x-kubernetes-patch-strategy"] = "merge"
                if let key = list.patchKey { map["x-kubernetes-patch-merge-key"] = .string(key) }
            }
            return .map(map)
        case .object(let object):
            if !inline, !object.name.isEmpty {
                let name = "io.k8s.types.\(object.name)"
                if schemas[name] == nil {
                    schemas[name] = [:]  // so that it is not written twice
                    schemas[name] = schema(shape, into: &schemas, prefix: prefix, inline: true)
                }
                // An object beside the reference, as the real server writes it (`allOf` where something is added).
                return ["allOf": [["$ref": .string(prefix + name)]]]
            }
            var properties = Map()
            for field in object.fields { properties.append(unique: field.name, schema(field.shape, into: &schemas, prefix: prefix)) }
            var map: Map = ["type": "object", "properties": .map(properties)]
            if object.atomic { map["x-kubernetes-map-type"] = "atomic" }
            if object.open { map["x-kubernetes-preserve-unknown-fields"] = true }
            return .map(map)
        }
    }
}
