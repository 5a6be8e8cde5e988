// SPDX-License-Identifier: Apache-2.0
import Manifests
import Rendering

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
struct RandomWorld {
    struct Application {
        var path: String
        var namespace: String?
        var substitute: Bool
    }

    private(set) var nodes: [String: IndexedTree.Node] = [:]
    private(set) var applications: [Application] = []
    private(set) var clusters: [ClusterFacts] = []
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

    init(seed: UInt64) {
        random = SeededNumbers(seed: seed)
        for folder in Self.folders where !chance(0.15) {
            if chance(0.65), !folder.hasPrefix("shared") {
                nodes["\(folder)/kustomization.yaml"] = .file(kustomization(in: folder))
            }
            for _ in 0...Int.random(in: 0...2, using: &random) {
                let name = pick(["a.yaml", "b.yaml", "c.json", "conf.txt", "patch.yaml"])
                nodes["\(folder)/\(name)"] = .file(content(of: name, in: folder))
            }
        }
        for path in ["apps/a", "apps/b", "apps/c", "apps/d/a.yaml", "apps/e", "sites/${cluster}", "missing/f"] {
            applications.append(Application(path: path, namespace: chance(0.5) ? "shop" : nil, substitute: chance(0.6)))
        }
        clusters = ["one", "two", "three"].map { name in
            ClusterFacts(
                variables: [
                    "cluster.name": name, "environment.name": name == "three" ? "staging" : "production", "cluster.labels.tier": "t",
                ])
        }
    }

    var tree: IndexedTree { IndexedTree(nodes) }

    /// Every application for every cluster.
    var targets: [RenderTarget] {
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
    mutating func change() -> String {
        counter += 1
        if chance(0.3) { past.append(nodes) }
        let edits: [(inout RandomWorld) -> String] = [
            { $0.writeFile() }, { $0.writeFile() }, { $0.writeFile() }, { $0.touchOneThatIsThere() }, { $0.touchOneThatIsThere() },
            { $0.remove() }, { $0.remove() }, { $0.link() }, { $0.link() }, { $0.fileToFolder() }, { $0.folderToFile() },
            { $0.changeFacts() }, { $0.changeFacts() }, { $0.changeCapabilities() }, { $0.changeApplication() },
            { $0.changeEngine() }, { $0.goBack() }, { $0.addCluster() }, { $0.touchNothingThatMatters() },
        ]
        return edits[Int.random(in: 0..<edits.count, using: &random)](&self)
    }

    mutating func chance(_ probability: Double) -> Bool { Double.random(in: 0..<1, using: &random) < probability }

    // MARK: - Files

    private mutating func writeFile() -> String {
        let folder = pick(Self.folders)
        let name = pick(Self.names)
        return put("\(folder)/\(name)", .file(content(of: name, in: folder)))
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
        let path = pick(["\(folder)/\(pick(Self.names))", folder, "\(folder)/loop", "\(folder)/extra.yaml"])
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
        let value = pick(["1", "2", "${cluster.name}", "${size:=0}", "${size}", "${sise}", "$$", "${cluster.labels.tier}"])
        return "apiVersion: v1\nkind: \(kind)\nmetadata: {name: \(word(folder))}\ndata: {value: \"\(value)\"}\n"
    }

    private mutating func kustomization(in folder: String) -> String {
        var text = "resources:\n"
        for _ in 0...Int.random(in: 0...2, using: &random) {
            text +=
                "- \(pick(["a.yaml", "b.yaml", "c.json", "../../base/x", "../../base/y", "../../base/z", "../\(word(folder))", "${cluster.name}.yaml", "extra.yaml"]))\n"
        }
        if chance(0.3) { text += "namespace: \(pick(["one", "two", "${cluster.name}"]))\n" }
        if chance(0.25) { text += "patches:\n- path: patch.yaml\n" }
        if chance(0.2) { text += "components:\n- ../../parts/p\n" }
        if chance(0.25) { text += "configMapGenerator:\n- name: made\n  files: [conf.txt]\n  envs: [conf.env]\n" }
        if chance(0.2) { text += "namePrefix: \(pick(["x-", "y-"]))\n" }
        return text
    }

    /// A name for what is in a folder; not always the same, so that some clash and most do not.
    private mutating func word(_ folder: String) -> String {
        chance(0.1) ? "same" : (folder.split(separator: "/").last.map(String.init) ?? "x") + pick(["", "-1", "-2"])
    }

    private mutating func anyPath() -> String? { nodes.keys.sorted().randomElement(using: &random) }

    private mutating func pick<T>(_ choices: [T]) -> T { choices[Int.random(in: 0..<choices.count, using: &random)] }
}
