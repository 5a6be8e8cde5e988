// SPDX-License-Identifier: Apache-2.0
package import Manifests

/// A file of template expressions, each rendered in one small chart: what functions and syntax are compared with Helm by.
///
/// The file is a JSON object: `setting` has the chart's files, the file that holds the expression, the release and the Kubernetes version;
/// `cases` has names, templates and the values on top of the chart's.
package struct ExpressionCases {
    package struct Case {
        package let name: String
        package let template: String
        package let values: Value
        /// What the file says comes out; `nil` where it says that there is an error.
        package let expected: String?
    }

    package enum Outcome: Equatable {
        case output(String)
        /// The message as Helm prints it.
        case failure(String)
    }

    package let cases: [Case]
    private let chartName: String
    private let templateFile: String
    private let metadata: Map
    private let files: [String: [UInt8]]
    private let values: Value
    private let release: Value
    private let kubernetesVersion: String
    /// The chart's own templates by path, which every case shares.
    private let templates: [(name: String, text: [UInt8])]

    /// - Throws: `DocumentError` where the file, or the chart in it, is malformed.
    package init(json: [UInt8]) throws(DocumentError) {
        let document = try JSON.read(json)
        let setting = document["setting"] ?? .null
        let chart = setting["chart"]?.map ?? Map()
        func text(_ path: String) -> [UInt8] { Array((chart[path]?.string ?? "").utf8) }
        metadata = try YAML.document(text("Chart.yaml")).map ?? Map()
        chartName = metadata["name"]?.string ?? ""
        values = try YAML.document(text("values.yaml"))
        templateFile = setting["templateFile"]?.string ?? "templates/t.yaml"
        release = setting["release"] ?? .null
        kubernetesVersion = setting["kubeVersion"]?.string ?? ""
        let special: Set<String> = ["Chart.yaml", "values.yaml"]
        var files: [String: [UInt8]] = [:]
        var templates: [(name: String, text: [UInt8])] = []
        for path in chart.keys where !special.contains(path) {
            if path.hasPrefix("templates/") { templates.append(("\(chartName)/\(path)", text(path))) } else { files[path] = text(path) }
        }
        self.files = files
        self.templates = templates
        cases = (document["cases"]?.list ?? []).map { one in
            Case(
                name: one["name"]?.string ?? "", template: one["template"]?.string ?? "", values: one["values"] ?? .null,
                expected: one["expected"]?.string)
        }
    }

    /// Renders one case as Helm renders a chart.
    /// - Returns: what comes out, and the functions used whose results cannot be repeated.
    package func render(_ one: Case, entropy: Entropy?) -> (outcome: Outcome, nonRepeatable: [String]) {
        let name = "\(chartName)/\(templateFile)"
        var set = TemplateSet()
        do throws(TemplateFailure) {
            for template in templates { try set.add(name: template.name, text: template.text) }
            try set.add(name: name, text: Array(one.template.utf8))
        } catch {
            return (.failure(error.helmMessage(file: name)), [])
        }
        let renderer = TemplateRenderer(set, entropy: entropy)
        do throws(TemplateFailure) {
            return (.output(UTF8Bytes.repaired(try renderer.render(name, data(one, name)))), renderer.nonRepeatableFunctions)
        } catch {
            return (.failure(error.helmMessage(file: name)), renderer.nonRepeatableFunctions)
        }
    }

    /// All outcomes as one JSON object: `{"NAME": {"output": …} | {"error": …}}`; and the functions whose results cannot be repeated.
    package func results(entropy: Entropy?) -> (document: Value, nonRepeatable: [String]) {
        var results = Map()
        var nonRepeatable: Set<String> = []
        for one in cases {
            let (outcome, functions) = render(one, entropy: entropy)
            nonRepeatable.formUnion(functions)
            switch outcome {
            case .output(let text): results[one.name] = ["output": .string(text)]
            case .failure(let message): results[one.name] = ["error": .string(message)]
            }
        }
        return (.map(results), nonRepeatable.sorted())
    }

    // MARK: The chart's data

    private func data(_ one: Case, _ name: String) -> Datum {
        let values = Datum(values: Self.coalesce(one.values, over: self.values))
        return .map([
            ("Capabilities", .object(Capabilities(kubernetesVersion: kubernetesVersion, apiVersions: Capabilities.defaultAPIVersions))),
            ("Chart", chart), ("Files", .object(ChartFiles(files))), ("Release", releaseData), ("Subcharts", .map(Dictionary())),
            ("Template", .map([("BasePath", .string("\(chartName)/templates")), ("Name", .string(name))])), ("Values", values),
        ])
    }

    /// Helm's rules: a null in the values given removes what the chart has under the key; nulls of the chart itself do not count.
    private static func coalesce(_ given: Value, over defaults: Value) -> Value {
        guard case .map(let given) = given, case .map(var result) = withoutNulls(defaults) else {
            return given.isNull ? withoutNulls(defaults) : given
        }
        for entry in given.entries {
            if entry.value.isNull, defaults[entry.key] != nil {
                result[entry.key] = nil
            } else if let present = result[entry.key], present.map != nil, entry.value.map != nil {
                result[entry.key] = coalesce(entry.value, over: present)
            } else {
                result[entry.key] = entry.value
            }
        }
        return .map(result)
    }

    private static func withoutNulls(_ value: Value) -> Value {
        guard case .map(let map) = value else { return value }
        return .map(Map(unique: map.entries.filter { !$0.value.isNull }.map { Map.Entry(key: $0.key, value: withoutNulls($0.value)) }))
    }

    private var chart: Datum {
        func text(_ key: String) -> Datum { .string(metadata[key]?.string ?? "") }
        func list(_ key: String) -> Datum { .list((metadata[key]?.list ?? []).map { Datum($0) }) }
        return .map([
            ("Name", text("name")), ("Home", text("home")), ("Sources", list("sources")), ("Version", text("version")),
            ("Description", text("description")), ("Keywords", list("keywords")), ("Maintainers", list("maintainers")),
            ("Icon", text("icon")), ("APIVersion", text("apiVersion")), ("Condition", text("condition")), ("Tags", text("tags")),
            ("AppVersion", text("appVersion")), ("Deprecated", .bool(metadata["deprecated"]?.bool ?? false)),
            ("Annotations", Datum(metadata["annotations"] ?? .map(Map()))), ("KubeVersion", text("kubeVersion")),
            ("Dependencies", list("dependencies")), ("Type", text("type")), ("IsRoot", .bool(true)),
        ])
    }

    private var releaseData: Datum {
        let isInstall = release["isInstall"]?.bool ?? true
        return .map([
            ("Name", .string(release["name"]?.string ?? "")), ("Namespace", .string(release["namespace"]?.string ?? "")),
            ("IsInstall", .bool(isInstall)), ("IsUpgrade", .bool(!isInstall)), ("Service", .string("Helm")),
            ("Revision", .integer(release["revision"]?.int ?? 1, .int)),
        ])
    }
}
