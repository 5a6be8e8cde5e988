// SPDX-License-Identifier: Apache-2.0

import Manifests

/// Who owns which fields of an object: `metadata.managedFields`.
struct ManagedFields {
    struct Manager: Hashable {
        let name: String
        let isApply: Bool
        /// Counts for updates only: an apply owner is the same in every version.
        let apiVersion: String
        let subresource: String
    }

    struct Entry {
        var apiVersion: String
        var fields: FieldSet
        var time: String?
    }

    var entries: [(manager: Manager, entry: Entry)] = []

    init() {}

    init(_ value: Value?) {
        guard case .list(let items)? = value else { return }
        for item in items {
            guard let operation = item["operation"]?.string, let fields = item["fieldsV1"] else { continue }
            let version = item["apiVersion"]?.string ?? ""
            let manager = Manager(
                name: item["manager"]?.string ?? "", isApply: operation == "Apply", apiVersion: operation == "Apply" ? "" : version,
                subresource: item["subresource"]?.string ?? "")
            self[manager] = Entry(apiVersion: version, fields: FieldSet(value: fields), time: item["time"]?.string)
        }
    }

    subscript(manager: Manager) -> Entry? {
        get { entries.first { $0.manager == manager }?.entry }
        set {
            if let index = entries.firstIndex(where: { $0.manager == manager }) {
                if let newValue { entries[index].entry = newValue } else { entries.remove(at: index) }
            } else if let newValue {
                entries.append((manager, newValue))
            }
        }
    }

    /// The list as objects carry it: applies first, then by time, then by name; `nil` when nobody owns anything.
    var value: Value? {
        if entries.isEmpty { return nil }
        let sorted = entries.sorted { left, right in
            if left.manager.isApply != right.manager.isApply { return left.manager.isApply }
            let (one, other) = (left.entry.time ?? "", right.entry.time ?? "")
            if one != other { return one < other }
            if left.manager.name != right.manager.name { return left.manager.name < right.manager.name }
            return left.manager.subresource < right.manager.subresource
        }
        return .list(
            sorted.map { manager, entry in
                var map: Map = [
                    "manager": .string(manager.name), "operation": manager.isApply ? "Apply" : "Update",
                    "apiVersion": .string(entry.apiVersion),
                ]
                if let time = entry.time { map["time"] = .string(time) }
                map["fieldsType"] = "FieldsV1"
                map["fieldsV1"] = entry.fields.value
                if !manager.subresource.isEmpty { map["subresource"] = .string(manager.subresource) }
                return .map(map)
            })
    }
}
