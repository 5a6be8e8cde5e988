// SPDX-License-Identifier: Apache-2.0

import Manifests

/// A pod template as messages print Go's internal type: metadata as in JSON, the rest under the names of its Go fields.
enum GoPodTemplate {
    static func value(_ template: Value) -> Value {
        var map = template["metadata"]?.map ?? Map()
        map["Spec"] = capitalized(template["spec"] ?? [:])
        return .map(map)
    }

    private static func capitalized(_ value: Value) -> Value {
        switch value {
        case .map(let map):
            .map(Map(map.map { entry in (entry.key.prefix(1).uppercased() + entry.key.dropFirst(), capitalized(entry.value)) }))
        case .list(let items): .list(items.map(capitalized))
        default: value
        }
    }
}
