// SPDX-License-Identifier: Apache-2.0
import Manifests

/// Whether somebody is left who may change what the policies forbid.
struct PolicyChecks {
    let declared: [Declared<AccessPolicy>]
    let report: Report

    func check() {
        guard let first = declared.first, !declared.contains(where: { $0.object.makesAdministrators }) else { return }
        first.document(report).add(
            .warning, "no-administrator", "no policy makes anybody administrator of the whole fleet",
            hint: "until one does, only the administrator's token of the data folder may do what needs one", at: ["metadata", "name"])
    }
}

extension AccessPolicy {
    fileprivate var makesAdministrators: Bool { role == .administrator && pipelines == nil && environments == nil && !subjects.isEmpty }
}
