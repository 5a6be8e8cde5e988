// SPDX-License-Identifier: Apache-2.0
package import Manifests

/// Makes charts of files: of a folder, or of an archive.
package enum ChartReading {
    /// The chart in the folder at `path`, with what `.helmignore` leaves, or packed in the file there.
    package static func read(_ tree: some FileTree, at path: String, limits: ChartLimits = .standard) throws -> Chart {
        var budget = ChartBudget(limits)
        if case .file = try tree.entry(at: path) {
            return try archive(try tree.read(path, limit: limits.bytesMax), &budget)
        }
        let files = try folder(tree, path, &budget)
        return try chart(files, &budget, depth: 0)
    }

    /// The chart in an archive (`.tgz`).
    package static func read(archive bytes: [UInt8], limits: ChartLimits = .standard) throws(HelmFailure) -> Chart {
        var budget = ChartBudget(limits)
        return try archive(bytes, &budget)
    }

    private static func archive(_ bytes: [UInt8], _ budget: inout ChartBudget) throws(HelmFailure) -> Chart {
        let files = try ChartArchive.files(bytes, &budget)
        return try chart(files, &budget, depth: 0)
    }

    // MARK: - Folders

    private static func folder(_ tree: some FileTree, _ root: String, _ budget: inout ChartBudget) throws -> [Chart.File] {
        let ignoreFile = join(root, ".helmignore")
        var rules = try IgnoreRules()
        if case .file = try tree.entry(at: ignoreFile) {
            rules = try IgnoreRules(parsing: String(decoding: try tree.read(ignoreFile, limit: 1 << 20), as: UTF8.self))
        }
        var files: [Chart.File] = []
        try walk(tree, root, "", rules, &files, &budget, depth: 0)
        return files
    }

    private static func walk(
        _ tree: some FileTree, _ root: String, _ below: String, _ rules: IgnoreRules, _ files: inout [Chart.File],
        _ budget: inout ChartBudget, depth: Int
    ) throws {
        guard depth <= budget.limits.depthMax else {
            throw HelmFailure(.limit, "\(below): folders nest deeper than \(budget.limits.depthMax)")
        }
        for name in try tree.list(join(root, below)) {
            let path = join(below, name)
            var place = join(root, path)
            var entry = try tree.entry(at: place)
            if case .symbolicLink = entry {
                place = try tree.resolve(place)
                entry = try tree.entry(at: place)
            }
            switch entry {
            case .folder:
                guard !rules.ignores(path, isFolder: true) else { continue }
                if place == join(root, path) {
                    try walk(tree, root, path, rules, &files, &budget, depth: depth + 1)
                } else {
                    try follow(tree, place, path, rules, &files, &budget, depth: depth + 1)
                }
            case .file:
                guard !rules.ignores(path, isFolder: false) else { continue }
                let bytes = try tree.read(place, limit: budget.limits.fileBytesMax)
                try budget.take(bytes.count, path)
                files.append(Chart.File(name: path, bytes: withoutMark(bytes)))
            case .symbolicLink, nil: throw HelmFailure(.chart, "cannot load irregular file \(path)")
            }
        }
    }

    /// A folder that a link leads to: its files count as if they lay where the link does.
    private static func follow(
        _ tree: some FileTree, _ place: String, _ path: String, _ rules: IgnoreRules, _ files: inout [Chart.File],
        _ budget: inout ChartBudget, depth: Int
    ) throws {
        guard depth <= budget.limits.depthMax else {
            throw HelmFailure(.limit, "\(path): links and folders nest deeper than \(budget.limits.depthMax)")
        }
        for name in try tree.list(place) {
            let (inner, shown) = (join(place, name), join(path, name))
            let target = try tree.resolve(inner)
            switch try tree.entry(at: target) {
            case .folder:
                if !rules.ignores(shown, isFolder: true) { try follow(tree, target, shown, rules, &files, &budget, depth: depth + 1) }
            case .file:
                guard !rules.ignores(shown, isFolder: false) else { continue }
                let bytes = try tree.read(target, limit: budget.limits.fileBytesMax)
                try budget.take(bytes.count, shown)
                files.append(Chart.File(name: shown, bytes: withoutMark(bytes)))
            case .symbolicLink, nil: throw HelmFailure(.chart, "cannot load irregular file \(shown)")
            }
        }
    }

    private static func join(_ folder: String, _ name: String) -> String {
        folder.isEmpty ? name : name.isEmpty ? folder : "\(folder)/\(name)"
    }

    /// Without the mark that some editors begin a file with (U+FEFF).
    static func withoutMark(_ bytes: [UInt8]) -> [UInt8] { bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? Array(bytes.dropFirst(3)) : bytes }

    // MARK: - Charts

    /// Sorts files into what they are; charts below `charts/` become dependencies, in the order of their folders' names.
    static func chart(_ files: [Chart.File], _ budget: inout ChartBudget, depth: Int) throws(HelmFailure) -> Chart {
        guard depth <= budget.limits.depthMax else { throw HelmFailure(.limit, "charts nest deeper than \(budget.limits.depthMax)") }
        var metadata = ChartMetadata()
        guard let main = files.last(where: { $0.name == "Chart.yaml" }) else { throw HelmFailure(.chart, "Chart.yaml file is missing") }
        try metadata.read(main.bytes, file: "Chart.yaml")
        if metadata.apiVersion.isEmpty { metadata.apiVersion = "v1" }
        var chart = Chart(metadata: metadata)
        var inner: [String: [Chart.File]] = [:]
        for file in files {
            switch file.name {
            case "Chart.yaml", "Chart.lock": continue
            case "values.yaml": chart.values = try ChartValues.read(file.bytes, file: "values.yaml")
            case "values.schema.json": chart.schema = file.bytes
            case "requirements.yaml":
                try chart.metadata.read(file.bytes, file: "requirements.yaml")
                if chart.metadata.apiVersion == "v1" { chart.files.append(file) }
            case "requirements.lock": if chart.metadata.apiVersion == "v1" { chart.files.append(file) }
            case let name where name.hasPrefix("templates/"): chart.templates.append(file)
            case let name where name.hasPrefix("charts/"):
                guard !name.hasSuffix(".prov") else {
                    chart.files.append(file)
                    continue
                }
                let path = name.dropFirst("charts/".utf8.count)
                inner[String(path.prefix { $0 != "/" }), default: []].append(Chart.File(name: String(path), bytes: file.bytes))
            default: chart.files.append(file)
            }
        }
        try chart.metadata.validate()
        for (name, files) in inner.sorted(by: { $0.key < $1.key }) where !name.hasPrefix("_") && !name.hasPrefix(".") {
            do throws(HelmFailure) {
                chart.dependencies.append(try dependency(name, files, of: chart.name, &budget, depth: depth + 1))
            } catch {
                throw HelmFailure(error.code, "error unpacking subchart \(name) in \(chart.name): \(error.message)")
            }
        }
        return chart
    }

    private static func dependency(
        _ name: String, _ files: [Chart.File], of parent: String, _ budget: inout ChartBudget, depth: Int
    ) throws(HelmFailure) -> Chart {
        if name.hasSuffix(".tgz") {
            guard let file = files.first, file.name == name else {
                throw HelmFailure(.chart, "expected \(name), got \(files.first?.name ?? "nothing")")
            }
            let unpacked = try ChartArchive.files(file.bytes, &budget)
            return try chart(unpacked, &budget, depth: depth)
        }
        let inner = files.compactMap { file in
            file.name.firstIndex(of: "/").map { Chart.File(name: String(file.name[$0...].dropFirst()), bytes: file.bytes) }
        }
        return try chart(inner, &budget, depth: depth)
    }
}
