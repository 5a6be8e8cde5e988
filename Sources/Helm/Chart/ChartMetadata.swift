// SPDX-License-Identifier: Apache-2.0
import GoTemplate
package import Manifests

/// `Chart.yaml`, of version v1 or v2.
package struct ChartMetadata: Sendable {
    package struct Maintainer: Sendable, Hashable {
        package var name = ""
        package var email = ""
        package var url = ""
    }

    /// A chart that this one needs, and when.
    package struct Dependency: Sendable, Hashable {
        package var name = ""
        package var version = ""
        package var repository = ""
        package var condition = ""
        package var tags: [String] = []
        package var importValues: [Value] = []
        package var alias = ""
        /// Set while values are looked at.
        var isEnabled = false
    }

    package var name = ""
    package var home = ""
    package var sources: [String] = []
    package var version = ""
    package var description = ""
    package var keywords: [String] = []
    package var maintainers: [Maintainer] = []
    package var icon = ""
    package var apiVersion = ""
    package var condition = ""
    package var tags = ""
    package var appVersion = ""
    package var isDeprecated = false
    package var annotations: [(key: String, value: String)] = []
    package var kubeVersion = ""
    /// `nil` where the file names none.
    package var dependencies: [Dependency]?
    package var type = ""

    package init() {}

    /// What templates see as `.Chart`: every member, absent ones empty.
    var document: Value {
        .map([
            "APIVersion": .string(apiVersion), "Annotations": .map(Map(annotations.map { ($0.key, .string($0.value)) })),
            "AppVersion": .string(appVersion), "Condition": .string(condition),
            "Dependencies": .list((dependencies ?? []).map(\.document)), "Deprecated": .bool(isDeprecated),
            "Description": .string(description), "Home": .string(home), "Icon": .string(icon),
            "Keywords": .list(keywords.map { .string($0) }),
            "KubeVersion": .string(kubeVersion), "Maintainers": .list(maintainers.map(\.document)), "Name": .string(name),
            "Sources": .list(sources.map { .string($0) }), "Tags": .string(tags), "Type": .string(type), "Version": .string(version),
        ])
    }
}

extension ChartMetadata.Maintainer {
    var document: Value { .map(["Email": .string(email), "Name": .string(name), "URL": .string(url)]) }
}

extension ChartMetadata.Dependency {
    var document: Value {
        .map([
            "Alias": .string(alias), "Condition": .string(condition), "Enabled": .bool(isEnabled), "ImportValues": .list(importValues),
            "Name": .string(name), "Repository": .string(repository), "Tags": .list(tags.map { .string($0) }), "Version": .string(version),
        ])
    }
}

// MARK: - Checks

extension ChartMetadata {
    /// Cleans texts and refuses what Helm refuses.
    mutating func validate() throws(HelmFailure) {
        func clean(_ text: inout String) { text = Self.cleaned(text) }
        clean(&name)
        clean(&description)
        clean(&home)
        clean(&icon)
        clean(&condition)
        clean(&tags)
        clean(&appVersion)
        clean(&kubeVersion)
        sources = sources.map(Self.cleaned)
        keywords = keywords.map(Self.cleaned)
        guard !apiVersion.isEmpty else { throw Self.invalid("chart.metadata.apiVersion is required") }
        guard !name.isEmpty else { throw Self.invalid("chart.metadata.name is required") }
        guard name != ".", name != ".." else { throw Self.invalid("chart.metadata.name \"\(name)\" is not allowed") }
        guard !name.contains("/") else { throw Self.invalid("chart.metadata.name \"\(name)\" is invalid") }
        guard !version.isEmpty else { throw Self.invalid("chart.metadata.version is required") }
        guard (try? SemanticVersion(version)) != nil else { throw Self.invalid("chart.metadata.version \"\(version)\" is invalid") }
        guard ["", "application", "library"].contains(type) else {
            throw Self.invalid("chart.metadata.type must be application or library")
        }
        try validateDependencies()
    }

    private mutating func validateDependencies() throws(HelmFailure) {
        guard var dependencies else { return }
        var known: Set<String> = []
        for index in dependencies.indices {
            dependencies[index].name = Self.cleaned(dependencies[index].name)
            dependencies[index].version = Self.cleaned(dependencies[index].version)
            dependencies[index].repository = Self.cleaned(dependencies[index].repository)
            dependencies[index].condition = Self.cleaned(dependencies[index].condition)
            dependencies[index].tags = dependencies[index].tags.map(Self.cleaned)
            let one = dependencies[index]
            let isPlain = one.alias.utf8.allSatisfy {
                ("a"..."z").contains(UnicodeScalar($0)) || ("A"..."Z").contains(UnicodeScalar($0))
                    || ("0"..."9").contains(UnicodeScalar($0)) || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: "-")
            }
            guard isPlain else { throw Self.invalid("dependency \"\(one.name)\" has disallowed characters in the alias") }
            let key = one.alias.isEmpty ? one.name : one.alias
            guard known.insert(key).inserted else { throw Self.invalid("more than one dependency with name or alias \"\(key)\"") }
        }
        self.dependencies = dependencies
    }

    private static func invalid(_ message: String) -> HelmFailure { HelmFailure(.chart, "validation: \(message)") }

    /// White space becomes spaces, and what cannot be printed goes.
    private static func cleaned(_ text: String) -> String {
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            if scalar.properties.isWhitespace { result.append(" ") } else if Self.isPrinted(scalar) { result.append(scalar) }
        }
        return String(result)
    }

    private static func isPrinted(_ scalar: UnicodeScalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator, .spaceSeparator: false
        default: true
        }
    }
}
