// SPDX-License-Identifier: Apache-2.0
import Manifests

/// Sets the number of replicas of the resources that are or were called by a name.
struct ReplicaCountTransformer: Transformer {
    private let name: String
    private let count: Int64
    private let fields: [FieldSpec]
    private let place: Node

    /// - Parameter entry: one of `replicas` of a kustomization.
    init(_ entry: Node, fields: [FieldSpec]) throws(KustomizeFailure) {
        if !entry.value.isNull { try entry.requireOnly(["name", "count"]) }
        name = try entry.text("name")
        count = try entry["count"]?.int() ?? 0
        self.fields = fields
        place = entry
    }

    init(plugin: Node, files: any FileScope) throws(KustomizeFailure) {
        let replica = plugin["replica"]
        if let replica { _ = try replica.map() }
        name = try replica?.looseText("name") ?? ""
        count = try replica?["count"]?.int() ?? 0
        fields = try plugin.looseFields()
        place = plugin
    }

    func transform(_ resources: inout ResourceMap, in context: BuildContext) throws(KustomizeFailure) {
        let named = resources.indices(everNamed: name).map { resources.items[$0] }
        var isFound = false
        for field in fields {
            for resource in named where resource.wasEver({ $0.name == name && field.selects($0) }) {
                isFound = true
                guard field.selects(resource.id) else { continue }
                do throws(FieldFailure) {
                    try field.change(resource, creation: .scalar) { (target) throws(FieldFailure) in
                        switch target {
                        case .list, .map: throw FieldFailure.noScalar(target)
                        case .null, .bool, .int, .decimal, .string: target = .int(count)
                        }
                    }
                } catch {
                    throw place.failure(error)
                }
            }
        }
        guard isFound else {
            let kinds = Set(fields.map { $0.kind.isEmpty ? "resource" : $0.kind }).sorted().joined(separator: ", ")
            throw place.failure("no-match", "there is no \(kinds.isEmpty ? "resource" : kinds) named \(name)")
        }
    }
}
