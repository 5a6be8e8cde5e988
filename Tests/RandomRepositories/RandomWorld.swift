// SPDX-License-Identifier: Apache-2.0
package import Rendering

/// SplitMix64: the same numbers for the same seed, everywhere.
struct SeededNumbers: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

/// A repository of applications and the clusters that they go to, changed at random.
package struct RandomWorld {
    struct Application {
        var path: String
        var namespace: String?
        var substitute: Bool
    }

    private(set) var nodes: [String: IndexedTree.Node] = [:]
    private(set) var applications: [Application] = []
    package private(set) var clusters: [ClusterFacts] = []
    private(set) var engine = "1"
    private var random: SeededNumbers
    private var past: [[String: IndexedTree.Node]] = []
    private var counter = 0

    private static let folders = [
        "apps/a", "apps/b", "apps/c", "apps/d", "apps/e", "base/x", "base/y", "base/z", "parts/p", "shared", "shared/inner",
        "sites/one", "sites/two",
    ]
    private static let names = [
        "kustomization.yaml", "kustomization.yaml", "kustomization.yml", "Kustomization", "Chart.yaml", "a.yaml", "b.yaml", "c.json",
        "conf.txt", "conf.env", "notes.md", "patch.yaml",
    ]
    private static let targets = [
        "../../shared/a.yaml", "../shared/a.yaml", "a.yaml", "../../base/x", "../base/y", ".", "../../../outside", "/etc/passwd", "b.yaml",
        "../apps/a", "loop", "../../parts/p",
    ]

    package init(seed: UInt64) {
        random = SeededNumbers(seed: seed)
        for folder in Self.folders where !chance(0.1) {
            for _ in 0...Int.random(in: 0...2, using: &random) {
                let name = pick(["a.yaml", "b.yaml", "c.json", "conf.txt", "conf.env"])
                nodes["\(folder)/\(name)"] = .file(content(of: name, in: folder))
            }
        }
        for folder in Self.folders where !folder.hasPrefix("shared") && chance(0.65) {
            nodes["\(folder)/kustomization.yaml"] = .file(kustomization(in: folder))
        }
        for path in ["apps/a", "apps/b", "apps/c", "apps/d/a.yaml", "apps/e", "sites/${cluster}", "shared"] {
            applications.append(Application(path: path, namespace: chance(0.5) ? "shop" : nil, substitute: chance(0.6)))
        }
        clusters = ["one", "two", "three"].map { name in
            ClusterFacts(
                variables: [
                    "cluster.name": name, "environment.name": name == "three" ? "staging" : "production", "cluster.labels.tier": "t",
                ])
        }
    }

    package var tree: IndexedTree { IndexedTree(nodes) }

    /// Every application for every cluster.
    package var targets: [RenderTarget] {
        applications.flatMap { application in
            clusters.indices.map { index in
                let path = application.path.replacing("${cluster}", with: clusters[index].variables["cluster.name"] ?? "")
                return RenderTarget(
                    recipe: Recipe(
                        path: path, namespace: application.namespace, substitute: application.substitute, allowClearSecrets: false,
                        engine: engine),
                    facts: index)
            }
        }
    }

    /// Does something, and says what.
    package mutating func change() -> String {
        counter += 1
        if chance(0.3) { past.append(nodes) }
        let edits: [(inout RandomWorld) -> String] = [
            { $0.writeFile() }, { $0.writeFile() }, { $0.renew() }, { $0.renew() }, { $0.renew() }, { $0.touchOneThatIsThere() },
            { $0.touchOneThatIsThere() },
            { $0.remove() }, { $0.remove() }, { $0.link() }, { $0.link() }, { $0.fileToFolder() }, { $0.folderToFile() },
            { $0.changeFacts() }, { $0.changeFacts() }, { $0.changeCapabilities() }, { $0.changeApplication() },
            { $0.changeEngine() }, { $0.goBack() }, { $0.addCluster() }, { $0.touchNothingThatMatters() },
        ]
        return edits[Int.random(in: 0..<edits.count, using: &random)](&self)
    }

    package mutating func chance(_ probability: Double) -> Bool { Double.random(in: 0..<1, using: &random) < probability }

    // MARK: - Files

    private mutating func writeFile() -> String {
        let folder = pick(Self.folders)
        let name = pick(Self.names)
        return put("\(folder)/\(name)", .file(content(of: name, in: folder)))
    }

    /// Makes a folder anew that can be rendered.
    private mutating func renew() -> String {
        let folder = pick(Self.folders)
        for path in nodes.keys where path.hasPrefix(folder + "/") { nodes[path] = nil }
        for name in ["a.yaml", "b.yaml", "c.json"] where chance(0.6) { _ = put("\(folder)/\(name)", .file(content(of: name, in: folder))) }
        _ = put("\(folder)/a.yaml", .file(object("ConfigMap", in: folder)))
        if chance(0.5) { _ = put("\(folder)/kustomization.yaml", .file(kustomization(in: folder))) }
        return "renew \(folder)"
    }

    private mutating func touchOneThatIsThere() -> String {
        guard let path = anyPath(), case .file? = nodes[path] else { return "nothing" }
        let parts = path.split(separator: "/")
        return put(path, .file(content(of: String(parts.last ?? ""), in: parts.dropLast().joined(separator: "/"))))
    }

    private mutating func touchNothingThatMatters() -> String { put("docs/readme.md", .file("\(counter)")) }

    private mutating func remove() -> String {
        guard let path = anyPath() else { return "nothing" }
        nodes[path] = nil
        return "remove \(path)"
    }

    private mutating func link() -> String {
        let folder = pick(Self.folders)
        let path = pick([
            "\(folder)/\(pick(Self.names))", chance(0.3) ? folder : "\(folder)/b.yaml", "\(folder)/loop", "\(folder)/extra.yaml",
        ])
        return put(path, .link(pick(Self.targets)))
    }

    private mutating func fileToFolder() -> String {
        guard let path = anyPath() else { return "nothing" }
        let name = pick(["kustomization.yaml", "a.yaml"])
        return put("\(path)/\(name)", .file(content(of: name, in: path)))
    }

    private mutating func folderToFile() -> String {
        let folder = pick(Self.folders)
        return put(folder, .file(object("ConfigMap", in: folder)))
    }

    /// Puts something there, and away what is in its way.
    private mutating func put(_ path: String, _ node: IndexedTree.Node) -> String {
        for other in nodes.keys where other.hasPrefix(path + "/") || path.hasPrefix(other + "/") { nodes[other] = nil }
        nodes[path] = node
        return "put \(path): \(node)"
    }

    private mutating func goBack() -> String {
        guard let before = past.randomElement(using: &random) else { return "nothing" }
        nodes = before
        return "go back"
    }

    // MARK: - Everything else

    private mutating func changeFacts() -> String {
        let index = Int.random(in: 0..<clusters.count, using: &random)
        var variables = clusters[index].variables
        let name = pick(["cluster.variables.size", "environment.variables.size", "cluster.labels.tier", "cluster.variables.other", "size"])
        variables[name] = chance(0.3) ? nil : pick(["1", "2", "web"])
        clusters[index] = ClusterFacts(variables: variables, capabilities: clusters[index].capabilities)
        return "cluster \(index): \(name) = \(variables[name] ?? "nothing")"
    }

    private mutating func changeCapabilities() -> String {
        let index = Int.random(in: 0..<clusters.count, using: &random)
        clusters[index] = ClusterFacts(variables: clusters[index].variables, capabilities: ["kubernetes": "1.\(counter)"])
        return "cluster \(index): another Kubernetes"
    }

    private mutating func changeApplication() -> String {
        let index = Int.random(in: 0..<applications.count, using: &random)
        switch Int.random(in: 0..<3, using: &random) {
        case 0: applications[index].namespace = pick(["shop", "other", nil])
        case 1: applications[index].substitute.toggle()
        default: applications[index].path = pick(Self.folders + ["apps/d/a.yaml", "apps/c/kustomization.yaml"])
        }
        return "application \(index): \(applications[index])"
    }

    private mutating func changeEngine() -> String {
        engine = pick(["1", "2"])
        return "engine \(engine)"
    }

    private mutating func addCluster() -> String {
        guard clusters.count < 6 else { return "nothing" }
        clusters.append(ClusterFacts(variables: ["cluster.name": "more-\(counter)", "environment.name": "production"]))
        return "one cluster more"
    }

    // MARK: - Contents

    private mutating func content(of name: String, in folder: String) -> String {
        switch name {
        case "kustomization.yaml", "kustomization.yml", "Kustomization": kustomization(in: folder)
        case "patch.yaml":
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: \(word(folder))}\ndata: {patched: \"\(pick(["1", "2", "${size:=3}"]))\"}\n"
        case "c.json":
            #"{"apiVersion": "v1", "kind": "Service", "metadata": {"name": "\#(word(folder))"}, "spec": {"clusterIP": "\#(pick(["None", "${size:=x}"]))"}}"#
        case "conf.env": "A=\(pick(["1", "2"]))\nB=${size}\n"
        case "Chart.yaml": "name: chart\n"
        default: chance(0.1) ? pick(["", "broken: [", "- 1\n", "kind: X\n"]) : object("ConfigMap", in: folder)
        }
    }

    private mutating func object(_ kind: String, in folder: String) -> String {
        let value = pick([
            "1", "2", "${cluster.name}", "${size:=0}", "$$", "${environment.name}", chance(0.2) ? "${size}" : "${size:=1}",
            chance(0.5) ? "${sise}" : "3", "${cluster.labels.tier:=none}",
        ])
        return "apiVersion: v1\nkind: \(kind)\nmetadata: {name: \(word(folder))}\ndata: {value: \"\(value)\"}\n"
    }

    /// Mostly one that can be built from what is there.
    private mutating func kustomization(in folder: String) -> String {
        let own = nodes.keys.filter { $0.hasPrefix(folder + "/") && ($0.hasSuffix(".yaml") || $0.hasSuffix(".json")) }
            .map { String($0.dropFirst(folder.count + 1)) }.filter {
                !$0.contains("/") && !$0.contains("ustomization") && $0 != "patch.yaml"
            }
            .sorted()
        var resources: Set<String> = []
        for name in own where chance(0.8) { resources.insert(name) }
        if folder.hasPrefix("apps") || folder.hasPrefix("sites") || chance(0.1) {
            resources.insert(pick(["../../base/x", "../../base/y", "../../base/z"]))
        }
        if resources.isEmpty || chance(0.1) {
            resources.insert(pick(["a.yaml", "b.yaml", "../\(word(folder))", "${cluster.name}.yaml", "extra.yaml", "${size:=a}.yaml"]))
        }
        var text = "resources: [\(resources.sorted().joined(separator: ", "))]\n"
        if chance(0.3) { text += "namespace: \(pick(["one", "two", "${cluster.name}"]))\n" }
        if chance(0.1) { text += "patches:\n- path: patch.yaml\n" }
        if chance(0.1) { text += "components:\n- ../../parts/p\n" }
        if chance(0.15) { text += "configMapGenerator:\n- name: made\n  files: [conf.txt]\n  envs: [conf.env]\n" }
        if chance(0.1) { text += "namePrefix: \(pick(["x-", "y-"]))\n" }
        return text
    }

    /// A name for what is in a folder; not always another one, so that some clash and most do not.
    private mutating func word(_ folder: String) -> String {
        counter += 1
        return chance(0.05) ? "same" : "\(folder.split(separator: "/").last ?? "x")-\(counter % 40)"
    }

    private mutating func anyPath() -> String? { nodes.keys.sorted().randomElement(using: &random) }

    private mutating func pick<T>(_ choices: [T]) -> T { choices[Int.random(in: 0..<choices.count, using: &random)] }
}
