// SPDX-License-Identifier: Apache-2.0
import Manifests

/// Resolves the references to variables in a build's resources, once all names are final.
struct VariableResolution: Transformer {
    private let variables: [Variable]
    private let fields: [FieldSpec]

    /// - Parameter fields: where references may stand: the configuration's `varReferences`.
    init(_ variables: VariableSet, fields: [FieldSpec]) {
        self.variables = variables.sorted
        self.fields = fields
    }

    /// - Throws: where a variable's resource or field is not there, even if nothing refers to it.
    func transform(_ resources: inout ResourceMap, in context: BuildContext) throws(KustomizeFailure) {
        guard !variables.isEmpty, let place = variables.first?.node else { return }
        let references = VariableReferences(values: try values(resources), textBytesMax: context.limits.textBytesMax)
        var trees = KindCache<FieldTree>()
        for resource in resources.items {
            let tree = trees.choose(resource.id) {
                let tree = FieldTree()
                for (number, field) in fields.enumerated() where field.selects(resource.id) { tree.add(field.steps, number) }
                return tree
            }
            do throws(FieldFailure) {
                let changed = try tree.updated(resource.value) { (value, ends) throws(FieldFailure) in
                    var changed: Value?
                    // Each field spec counts on its own: what one resolves, the next one sees.
                    for _ in ends { changed = try Self.resolve(changed ?? value, references) ?? changed }
                    return changed
                }
                if let changed { resource.value = changed }
            } catch {
                throw place.failure("wrong-field", "resolving variables in \(resource.id): \(error.message)")
            }
        }
    }

    /// A text, the texts in a map, or a list of nothing but texts; `nil` where there is nothing to resolve.
    private static func resolve(_ value: Value, _ references: VariableReferences) throws(FieldFailure) -> Value? {
        switch value {
        case .string(let text):
            guard VariableReferences.mayHave(text) else { return nil }
            return try references.resolve(text)
        case .map(var map):
            var isChanged = false
            for entry in map.entries {
                guard case .string(let text) = entry.value, VariableReferences.mayHave(text) else { continue }
                map[entry.key] = try references.resolve(text)
                isChanged = true
            }
            return isChanged ? .map(map) : nil
        case .list(var items):
            var isChanged = false
            for index in items.indices {
                guard case .string(let text) = items[index] else {
                    throw FieldFailure(message: "there is \(items[index].kindName) in a list where only texts can be")
                }
                guard VariableReferences.mayHave(text) else { continue }
                items[index] = try references.resolve(text)
                isChanged = true
            }
            return isChanged ? .list(items) : nil
        case .null, .bool, .int, .decimal: return nil
        }
    }

    private func values(_ resources: ResourceMap) throws(KustomizeFailure) -> [String: Value] {
        var marked: [String: Resource] = [:]
        for resource in resources.items {
            for name in resource.variables where marked[name] == nil { marked[name] = resource }
        }
        var values: [String: Value] = [:]
        for variable in variables {
            guard let resource = marked[variable.name] else {
                throw (variable.node["objref"] ?? variable.node).failure(
                    "no-match", "variable \(variable.name) refers to \(variable.target), which is not there",
                    hint: "apiVersion, kind and name must be those of a resource before its name is changed")
            }
            values[variable.name] = try value(of: variable, in: resource)
        }
        return values
    }

    /// `nil` for lists and maps: references to them are left as they are.
    private func value(of variable: Variable, in resource: Resource) throws(KustomizeFailure) -> Value? {
        let found: Value?
        do throws(FieldFailure) {
            found = try FieldLookup.find(FieldPath.splitIndices(FieldPath.split(variable.fieldPath)), in: resource.value)
        } catch {
            throw Self.missing(variable, resource, ": " + error.message)
        }
        switch found {
        case nil: throw Self.missing(variable, resource, " is not there")
        case .null: return "null"
        case .decimal(let number) where number.text.utf8.allSatisfy({ $0 != UInt8(ascii: ".") && $0 | 0x20 != UInt8(ascii: "e") }):
            throw Self.missing(variable, resource, " is an integer beyond 64 bits")
        case .list, .map: return nil
        case .some(let scalar): return scalar
        }
    }

    private static func missing(_ variable: Variable, _ resource: Resource, _ why: String) -> KustomizeFailure {
        (variable.node["fieldref"] ?? variable.node).failure(
            "no-field", "field \(variable.fieldPath) of \(resource.id), which variable \(variable.name) stands for,\(why)")
    }
}
