// SPDX-License-Identifier: Apache-2.0
import Manifests
import Testing

@testable import Rendering

struct RenderTraceTests {
    private static let files = [
        "b/kustomization.yaml": "resources: [a.yaml]",
        "b/a.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {x: ${x:=1}}",
        "o/kustomization.yaml": "resources: [../b]\nnamespace: shop", "unrelated/x": "",
    ]
    private static let request = RenderRequest(path: "o", substitute: true, variables: ["cluster.name": "eu"])

    private func trace(_ files: [String: String] = files) throws -> RenderTrace {
        try Renderer.render(Self.request, from: MemoryTree(files: files)).trace
    }

    private func isValid(_ trace: RenderTrace, _ files: [String: String], _ variables: [String: String] = [:]) throws -> Bool {
        try trace.isValid(in: MemoryTree(files: files), for: ClusterFacts(variables: variables))
    }

    @Test func notesWhatWasReadAndWhatWasAbsent() throws {
        let trace = try trace()
        #expect(
            trace.reads.reads.map { "\($0.path) \($0.kind) \($0.found.prefix(7))" } == [
                "b/Kustomization entry absent", "b/a.yaml content sha256:", "b/kustomization.yaml content sha256:",
                "b/kustomization.yml entry absent", "o/Chart.yaml entry absent", "o/Kustomization entry absent",
                "o/kustomization.yaml content sha256:", "o/kustomization.yml entry absent",
            ])
        #expect(trace.answers.map(\.question) == ["x", "cluster.variables.x", "environment.variables.x"])
        #expect(trace.variables == ["x": nil, "cluster.variables.x": nil, "environment.variables.x": nil])
        #expect(trace.holds(for: ClusterFacts(variables: ["cluster.variables.y": "1"])))
        #expect(!trace.holds(for: ClusterFacts(variables: ["environment.variables.x": "1"])))
    }

    @Test func isValidAsLongAsTheAnswersStay() throws {
        let trace = try trace()
        var files = Self.files
        files["unrelated/x"] = "changed"
        files["o/other.yaml"] = "new"
        #expect(try isValid(trace, files, ["cluster.name": "us"]))
        #expect(try !isValid(trace, files, ["cluster.variables.x": "2"]))
        #expect(try self.trace(files).key == trace.key)
        for change in [["b/a.yaml": "x"], ["o/kustomization.yml": ""], ["o/Chart.yaml": ""]] {
            #expect(try !isValid(trace, files.merging(change) { $1 }))
        }
        files["b/a.yaml"] = nil
        #expect(try !isValid(trace, files))
    }

    @Test func aNewFileInAPlainFolderMatters() throws {
        let tree = MemoryTree(files: ["p/a.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}"])
        let trace = try Renderer.render(RenderRequest(path: "p"), from: tree).trace
        #expect(try isValid(trace, tree.files))
        #expect(try !isValid(trace, tree.files.merging(["p/b.yaml": ""]) { $1 }))
    }

    @Test func readsItsOwnForm() throws {
        let trace = try trace()
        #expect(try ReadSet(document: trace.reads.document) == trace.reads)
        #expect(Set(try RenderAnswer.answers(RenderAnswer.text(trace.answers))) == Set(trace.answers))
    }

    @Test func takesTheTreesNamesForContents() throws {
        let tree = NamedTree(base: MemoryTree(files: Self.files), names: ["b/a.yaml": "id-1"])
        let trace = try Renderer.render(Self.request, from: tree).trace
        #expect(trace.reads.reads.contains(TreeRead(path: "b/a.yaml", kind: .content, found: "id-1")))
        #expect(try trace.reads.holds(in: tree))
        #expect(try !trace.reads.holds(in: NamedTree(base: tree.base, names: ["b/a.yaml": "id-2"])))
    }

    @Test func aFailureIsAsGoodAsItsReads() throws {
        let recipe = Recipe(path: "p", namespace: nil, substitute: true, allowClearSecrets: false)
        let files = ["p/a.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${nme}}"]
        let facts = ClusterFacts(variables: ["cluster.variables.name": "a"])
        let attempt = try Renderer.attempt(recipe, facts, from: MemoryTree(files: files))
        guard case .failure(let failure) = attempt.result else {
            Issue.record("rendered")
            return
        }
        #expect(failure.description.contains("p/a.yaml:3:18: error[undefined-variable]: variable nme is not defined (there is name)"))
        #expect(try attempt.trace.isValid(in: MemoryTree(files: files), for: facts))
        // The hint depends on which names there are, on their values it does not.
        #expect(attempt.trace.holds(for: ClusterFacts(variables: ["cluster.variables.name": "b"])))
        #expect(!attempt.trace.holds(for: ClusterFacts(variables: ["cluster.variables.name": "a", "cluster.variables.nne": "b"])))
        #expect(!attempt.trace.holds(for: ClusterFacts(variables: ["nme": "a", "cluster.variables.name": "a"])))
    }

    @Test func aRefusedReadIsARead() throws {
        var limits = RenderLimits.standard
        limits.fileBytesMax = 10
        let recipe = Recipe(path: "p/a.yaml", namespace: nil, substitute: false, allowClearSecrets: false)
        let files = ["p/a.yaml": "apiVersion: v1\nkind: ConfigMap\n"]
        let trace = try Renderer.attempt(recipe, ClusterFacts(), from: MemoryTree(files: files), limits: limits).trace
        #expect(trace.reads.reads == [TreeRead(path: "p/a.yaml", kind: .entry, found: "file:31")])
        #expect(try !isValid(trace, ["p/a.yaml": "short"]))
        #expect(try !isValid(trace, ["p/a.yaml/b": ""]))
    }

    @Test func whatLinksLeadThroughIsRead() throws {
        let object = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}"
        let tree = MemoryTree(files: ["s/a.yaml": object, "t/a.yaml": object], links: ["app": "s"])
        let trace = try Renderer.render(RenderRequest(path: "app"), from: tree).trace
        #expect(trace.reads.reads.map(\.path).contains("app"))
        #expect(try !trace.reads.holds(in: MemoryTree(files: tree.files, links: ["app": "t"])))
        #expect(try !trace.reads.holds(in: MemoryTree(files: ["s/a.yaml": object, "app/a.yaml": object])))
    }

    @Test func nothingFollowsFromATreeThatCannotBeRead() throws {
        let recipe = Recipe(path: "p", namespace: nil, substitute: false, allowClearSecrets: false)
        #expect(throws: BrokenTree.Broken.self) { try Renderer.attempt(recipe, ClusterFacts(), from: BrokenTree()) }
    }

    @Test func capabilitiesAreAskedApartFromVariables() {
        let facts = ClusterFacts(variables: ["kubernetes": "variable"], capabilities: ["kubernetes": "1.32"])
        let traced = TracedVariables(facts)
        #expect(traced.capability("kubernetes") == "1.32")
        #expect(traced["kubernetes"] == "variable")
        #expect(traced.answers.map(\.question) == ["capability:kubernetes", "kubernetes"])
    }
}

private struct NamedTree: IdentifiedFileTree {
    let base: MemoryTree
    let names: [String: String]
    func entry(at path: String) throws -> FileTreeEntry? { base.entry(at: path) }
    func read(_ path: String, limit: Int) throws -> [UInt8] { try base.read(path, limit: limit) }
    func list(_ path: String) throws -> [String] { base.list(path) }
    func identity(of path: String) throws -> String? { names[path] ?? base.files[path].map { "hash-\($0.hashValue)" } }
}

private struct BrokenTree: FileTree {
    struct Broken: Error {}
    func entry(at path: String) throws -> FileTreeEntry? { path == "p" ? .folder : nil }
    func read(_ path: String, limit: Int) throws -> [UInt8] { throw Broken() }
    func list(_ path: String) throws -> [String] { throw Broken() }
}
