// SPDX-License-Identifier: Apache-2.0

/// `.Capabilities`: what the cluster that a chart is rendered for can do.
package final class Capabilities: TemplateObject {
    private let kubernetes: KubernetesVersion
    private let versions: APIVersions
    private let helm: HelmVersion

    /// - Parameters:
    ///   - kubernetesVersion: for example `v1.31.0`.
    ///   - apiVersions: such as `apps/v1` and `apps/v1/Deployment`.
    package init(kubernetesVersion: String, apiVersions: [String], helmVersion: String = "v4.2") {
        kubernetes = KubernetesVersion(kubernetesVersion)
        versions = APIVersions(apiVersions)
        helm = HelmVersion(helmVersion)
    }

    package var typeName: String { "*common.Capabilities" }
    package var kindName: String { "ptr" }
    package var members: [(String, Datum)]? {
        [("KubeVersion", .object(kubernetes)), ("APIVersions", .object(versions)), ("HelmVersion", .object(helm))]
    }

    package func field(_ name: String) -> Datum? {
        switch name {
        case "KubeVersion": .object(kubernetes)
        case "APIVersions": .object(versions)
        case "HelmVersion": .object(helm)
        default: nil
        }
    }
}

private final class KubernetesVersion: TemplateObject {
    private let version: String
    private let major: String
    private let minor: String

    init(_ version: String) {
        self.version = version.hasPrefix("v") ? version : "v" + version
        let parts = self.version.dropFirst().split(separator: ".")
        major = parts.first.map(String.init) ?? ""
        minor = parts.count > 1 ? String(parts[1].prefix { $0.isNumber }) : ""
    }

    var typeName: String { "common.KubeVersion" }
    var kindName: String { "struct" }
    var printed: String? { version }

    func field(_ name: String) -> Datum? {
        switch name {
        case "Version": .string(version)
        case "Major": .string(major)
        case "Minor": .string(minor)
        default: nil
        }
    }

    func method(_ name: String) -> TemplateMethod? {
        switch name {
        case "GitVersion", "String": TemplateMethod { _ in .string(self.version) }
        default: nil
        }
    }
}

private final class APIVersions: TemplateObject {
    private let versions: [String]

    init(_ versions: [String]) { self.versions = versions }

    var typeName: String { "common.VersionSet" }
    var kindName: String { "slice" }
    var isTrue: Bool { !versions.isEmpty }
    var items: [Datum]? { versions.map { .string($0) } }

    func method(_ name: String) -> TemplateMethod? {
        guard name == "Has" else { return nil }
        return TemplateMethod([.string]) { arguments in .bool(self.versions.contains(arguments[0].text)) }
    }
}

private final class HelmVersion: TemplateObject {
    private let version: String

    init(_ version: String) { self.version = version }

    var typeName: String { "version.BuildInfo" }
    var kindName: String { "struct" }
    var members: [(String, Datum)]? {
        [
            ("Version", .string(version)), ("GitCommit", .string("")), ("GitTreeState", .string("")), ("GoVersion", .string("")),
            ("KubeClientVersion", .string("")),
        ]
    }

    func field(_ name: String) -> Datum? { members?.first { $0.0 == name }?.1 }
}
