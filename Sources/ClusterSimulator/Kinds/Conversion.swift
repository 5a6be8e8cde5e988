// SPDX-License-Identifier: Apache-2.0

import Manifests

/// Shows an object of one version as another one.
enum Conversion {
    static func convert(_ object: Value, to type: ResourceType) -> Value {
        var result = object
        result.set(.string(type.apiVersion), "apiVersion")
        if type.kind == "HorizontalPodAutoscaler" { autoscaler(&result, to: type.version) }
        return result
    }

    /// autoscaling/v1 knows one metric, the share of requested processor time.
    private static func autoscaler(_ object: inout Value, to version: String) {
        if version == "v1" {
            let metrics = object.at("spec", "metrics")?.list ?? []
            let share = metrics.first { $0.at("resource", "name")?.string == "cpu" }?.at("resource", "target", "averageUtilization")
            object.set(nil, "spec", "metrics")
            object.set(share, "spec", "targetCPUUtilizationPercentage")
        } else if let share = object.at("spec", "targetCPUUtilizationPercentage") {
            object.set(nil, "spec", "targetCPUUtilizationPercentage")
            object.set(
                [["type": "Resource", "resource": ["name": "cpu", "target": ["type": "Utilization", "averageUtilization": share]]]],
                "spec", "metrics")
        }
    }
}
