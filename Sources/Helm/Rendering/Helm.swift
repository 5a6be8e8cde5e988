// SPDX-License-Identifier: Apache-2.0
package import GoTemplate
import Manifests

/// Renders charts as Helm does, in process: no cluster is asked, nothing is fetched, nothing is read but the chart.
package enum Helm {
    /// - Parameter entropy: where random bytes and the time come from; without it, templates that ask for them fail.
    package static func render(
        _ chart: Chart, _ request: HelmRequest, entropy: Entropy? = nil, limits: TemplateLimits = .standard
    ) throws(HelmFailure) -> HelmRender {
        try check(chart, request)
        let chart = try Dependencies.resolved(chart, request.values)
        let values = try Coalescing.coalesced(chart, request.values)
        try validate(values, chart)
        var work = Templates(request, limits)
        try work.add(chart, values: Datum(values: .map(values)), isRoot: true, below: "")
        let rendered = try work.render(entropy)
        var (manifests, hooks): ([HelmManifest], [HelmManifest]) = ([], [])
        for (name, output) in rendered.outputs.sorted(by: { $0.name < $1.name }) where !name.hasSuffix("NOTES.txt") {
            for manifest in try ManifestSplitting.manifests(output, source: name) {
                if manifest.hook == nil { manifests.append(manifest) } else { hooks.append(manifest) }
            }
        }
        return HelmRender(
            manifests: InstallOrder.sorted(manifests), hooks: InstallOrder.sorted(hooks), definitions: chart.definitions,
            nonRepeatable: rendered.nonRepeatable)
    }

    private static func check(_ chart: Chart, _ request: HelmRequest) throws(HelmFailure) {
        guard ["", "application"].contains(chart.metadata.type) else {
            throw HelmFailure(.chart, "\(chart.metadata.type) charts are not installable")
        }
        guard !chart.metadata.kubeVersion.isEmpty else { return }
        guard let constraint = try? VersionConstraint(chart.metadata.kubeVersion),
            let version = try? SemanticVersion(request.kubernetesVersion), constraint.allows(version)
        else {
            throw HelmFailure(
                .chart,
                "chart requires kubeVersion: \(chart.metadata.kubeVersion) which is incompatible with Kubernetes \(request.kubernetesVersion)"
            )
        }
    }

    /// Holds the values against the schemas of the chart and of all that it depends on.
    private static func validate(_ values: Map, _ chart: Chart) throws(HelmFailure) {
        let problems = try problems(values, chart)
        guard problems.isEmpty else {
            throw HelmFailure(.values, "values don't meet the specifications of the schema(s) in the following chart(s):\n\(problems)")
        }
    }

    private static func problems(_ values: Map, _ chart: Chart) throws(HelmFailure) -> String {
        var text = ""
        if let schema = chart.schema {
            let found = try ValuesSchema(schema).problems(values)
            if !found.isEmpty { text += "\(chart.name):\n\(found.joined(separator: "\n"))\n" }
        }
        for dependency in chart.dependencies {
            switch values[dependency.name] {
            case nil, .null?: continue
            case .map(let inner)?: text += try problems(inner, dependency)
            case let other?: text += "\(dependency.name):\ninvalid type for values: expected object (map), got \(other.kindName)\n"
            }
        }
        return text
    }
}

/// The templates of a chart and all its dependencies, each with what it sees.
private struct Templates {
    private struct One {
        var name: String
        var text: [UInt8]
        var scope: GoTemplate.Dictionary
        var basePath: String
    }

    private let request: HelmRequest
    private let limits: TemplateLimits
    private let capabilities: Datum
    private let release: Datum
    private var all: [String: One] = [:]

    init(_ request: HelmRequest, _ limits: TemplateLimits) {
        self.request = request
        self.limits = limits
        capabilities = .object(Capabilities(kubernetesVersion: request.kubernetesVersion, apiVersions: request.apiVersions))
        release = .map([
            ("IsInstall", .bool(true)), ("IsUpgrade", .bool(false)), ("Name", .string(request.releaseName)),
            ("Namespace", .string(request.namespace)), ("Revision", .integer(1, .int)), ("Service", .string("Helm")),
        ])
    }

    /// - Parameters:
    ///   - values: the part of all values that the chart sees; the same map that the chart above has them in.
    ///   - folder: where the chart's templates are named to be.
    @discardableResult
    mutating func add(_ chart: Chart, values: Datum, isRoot: Bool, below parent: String) throws(HelmFailure) -> Datum {
        let path = isRoot ? chart.name : "\(parent)/charts/\(chart.name)"
        var metadata = chart.metadata.document.map ?? Map()
        metadata["IsRoot"] = .bool(isRoot)
        let subcharts = GoTemplate.Dictionary([(String, Datum)]())
        let scope = GoTemplate.Dictionary([
            ("Capabilities", capabilities), ("Chart", Datum(.map(metadata))),
            ("Files", .object(ChartFiles(Swift.Dictionary(chart.files.map { ($0.name, $0.bytes) }, uniquingKeysWith: { $1 })))),
            ("Release", release), ("Subcharts", .map(subcharts)), ("Values", values),
        ])
        for dependency in chart.dependencies {
            let inner = values.dictionary?[dependency.name].flatMap { $0.dictionary == nil ? nil : $0 } ?? Datum(values: .map(Map()))
            subcharts[dependency.name] = try add(dependency, values: inner, isRoot: false, below: path)
        }
        for template in chart.templates where !chart.isLibrary || template.base.hasPrefix("_") {
            let name = Self.clean("\(path)/\(template.name)")
            all[name] = One(name: name, text: template.bytes, scope: scope, basePath: "\(path)/templates")
        }
        return .map(scope)
    }

    private static func clean(_ path: String) -> String {
        guard path.contains("//") || path.contains("/./") else { return path }
        return path.split(separator: "/").filter { $0 != "." }.joined(separator: "/")
    }

    /// Those deepest in the tree of folders come first, the last names first: what is defined twice is defined by the last that is read.
    private var ordered: [One] {
        all.values.map { (one: $0, depth: $0.name.utf8.count { $0 == UInt8(ascii: "/") }) }
            .sorted { ($1.depth, $1.one.name) < ($0.depth, $0.one.name) }.map(\.one)
    }

    func render(_ entropy: Entropy?) throws(HelmFailure) -> (outputs: [(name: String, bytes: [UInt8])], nonRepeatable: [String]) {
        let ordered = ordered
        var set = TemplateSet(limits: limits)
        for one in ordered {
            do throws(TemplateFailure) { try set.add(name: one.name, text: one.text) } catch { throw Self.failure(error, one.name) }
        }
        let renderer = TemplateRenderer(set, limits: limits, entropy: entropy)
        var outputs: [(name: String, bytes: [UInt8])] = []
        for one in ordered
        where !one.name[(one.name.lastIndex(of: "/").map(one.name.index(after:)) ?? one.name.startIndex)...].hasPrefix("_") {
            one.scope["Template"] = .map([("BasePath", .string(one.basePath)), ("Name", .string(one.name))])
            do throws(TemplateFailure) {
                outputs.append((one.name, try renderer.render(one.name, .map(one.scope))))
            } catch {
                throw Self.failure(error, one.name)
            }
        }
        return (outputs, renderer.nonRepeatableFunctions)
    }

    private static func failure(_ failure: TemplateFailure, _ name: String) -> HelmFailure {
        let code: HelmFailure.Code =
            switch failure.code {
            case .syntax, .execution: .template
            case .limit: .limit
            case .notRepeatable: .notRepeatable
            case .cancelled: .cancelled
            }
        return HelmFailure(code, failure.helmMessage(file: name))
    }
}
