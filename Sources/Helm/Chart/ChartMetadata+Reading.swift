// SPDX-License-Identifier: Apache-2.0
import Manifests

extension ChartMetadata {
    /// Takes over what a file says; members that it does not name stay. Names that Helm does not know are passed over, as it does.
    mutating func read(_ bytes: [UInt8], file: String) throws(HelmFailure) {
        let document: Value
        do throws(DocumentError) {
            document = try YAML.documents(bytes, duplicateKeys: .lastCounts).first ?? .null
        } catch {
            throw HelmFailure(.chart, "cannot load \(file): error converting YAML to JSON: \(error)")
        }
        guard !document.isNull else { return }
        guard let map = document.map else {
            throw HelmFailure(.chart, "cannot load \(file): expected an object, found \(document.kindName)")
        }
        let reader = MetadataReader(file: file, map: map, path: "")
        try reader.text("name", &name)
        try reader.text("home", &home)
        try reader.texts("sources", &sources)
        try reader.text("version", &version)
        try reader.text("description", &description)
        try reader.texts("keywords", &keywords)
        try reader.text("icon", &icon)
        try reader.text("apiVersion", &apiVersion)
        try reader.text("condition", &condition)
        try reader.text("tags", &tags)
        try reader.text("appVersion", &appVersion)
        try reader.text("kubeVersion", &kubeVersion)
        try reader.text("type", &type)
        try reader.flag("deprecated", &isDeprecated)
        if let annotations = try reader.texts(byName: "annotations") { self.annotations = annotations }
        if let items = try reader.objects("maintainers") {
            var maintainers: [Maintainer] = []
            for item in items {
                var maintainer = Maintainer()
                try item.text("name", &maintainer.name)
                try item.text("email", &maintainer.email)
                try item.text("url", &maintainer.url)
                maintainers.append(maintainer)
            }
            self.maintainers = maintainers
        }
        if let items = try reader.objects("dependencies") {
            var dependencies: [Dependency] = []
            for item in items {
                var dependency = Dependency()
                try item.text("name", &dependency.name)
                try item.text("version", &dependency.version)
                try item.text("repository", &dependency.repository)
                try item.text("condition", &dependency.condition)
                try item.texts("tags", &dependency.tags)
                try item.text("alias", &dependency.alias)
                dependency.importValues = try item.list("import-values") ?? []
                dependencies.append(dependency)
            }
            self.dependencies = dependencies
        }
    }
}

/// Reads members as Go's JSON does: an absent or null one changes nothing, one of another type is an error.
private struct MetadataReader {
    let file: String
    let map: Map
    let path: String

    private func member(_ key: String) -> Value? {
        guard let value = map[key], !value.isNull else { return nil }
        return value
    }

    private func wrong(_ key: String, _ value: Value, _ expected: String) -> HelmFailure {
        HelmFailure(
            .chart,
            "cannot load \(file): '\(path)\(key)' is \(value.kindName), expected \(expected)"
                + (expected == "a string" ? "; put it into quotes" : ""))
    }

    func text(_ key: String, _ target: inout String) throws(HelmFailure) {
        guard let value = member(key) else { return }
        guard let text = value.string else { throw wrong(key, value, "a string") }
        target = text
    }

    func flag(_ key: String, _ target: inout Bool) throws(HelmFailure) {
        guard let value = member(key) else { return }
        guard let flag = value.bool else { throw wrong(key, value, "true or false") }
        target = flag
    }

    func list(_ key: String) throws(HelmFailure) -> [Value]? {
        guard let value = member(key) else { return nil }
        guard let items = value.list else { throw wrong(key, value, "a list") }
        return items
    }

    func texts(_ key: String, _ target: inout [String]) throws(HelmFailure) {
        guard let items = try list(key) else { return }
        var texts: [String] = []
        for item in items {
            guard let text = item.isNull ? "" : item.string else { throw wrong(key, item, "a string") }
            texts.append(text)
        }
        target = texts
    }

    func texts(byName key: String) throws(HelmFailure) -> [(key: String, value: String)]? {
        guard let value = member(key) else { return nil }
        guard let map = value.map else { throw wrong(key, value, "an object") }
        var texts: [(key: String, value: String)] = []
        for entry in map {
            guard let text = entry.value.isNull ? "" : entry.value.string else {
                throw wrong("\(key).\(entry.key)", entry.value, "a string")
            }
            texts.append((entry.key, text))
        }
        return texts
    }

    func objects(_ key: String) throws(HelmFailure) -> [MetadataReader]? {
        guard let items = try list(key) else { return nil }
        var readers: [MetadataReader] = []
        for (index, item) in items.enumerated() {
            guard let map = item.map else {
                throw HelmFailure(.chart, "validation: \(key) must not contain empty or null nodes")
            }
            readers.append(MetadataReader(file: file, map: map, path: "\(path)\(key)[\(index)]."))
        }
        return readers
    }
}
