// SPDX-License-Identifier: Apache-2.0
import Manifests
import Rendering
import Testing

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

    @Test func notesWhatWasReadAndWhatWasAbsent() throws {
        let trace = try trace()
        #expect(
            trace.reads.map { "\($0.path) \($0.kind) \($0.found.prefix(7))" } == [
                "b/Kustomization entry absent", "b/a.yaml content sha256:", "b/kustomization.yaml content sha256:",
                "b/kustomization.yml entry absent", "o/Chart.yaml entry absent", "o/Kustomization entry absent",
                "o/kustomization.yaml content sha256:", "o/kustomization.yml entry absent",
            ])
        #expect(trace.variables == ["x": nil, "cluster.variables.x": nil, "environment.variables.x": nil])
        #expect(trace.holds(for: ["cluster.variables.y": "1"]) && !trace.holds(for: ["environment.variables.x": "1"]))
    }

    @Test func isValidAsLongAsTheAnswersStay() throws {
        let trace = try trace()
        var files = Self.files
        files["unrelated/x"] = "changed"
        files["o/other.yaml"] = "new"
        #expect(try trace.isValid(against: MemoryTree(files: files), variables: ["cluster.name": "us"]))
        #expect(try trace.isValid(for: Self.request, against: MemoryTree(files: files)))
        #expect(try !trace.isValid(for: RenderRequest(path: "o"), against: MemoryTree(files: files)))
        #expect(try !trace.isValid(against: MemoryTree(files: files), variables: ["cluster.variables.x": "2"]))
        #expect(try self.trace(files).key == trace.key)
        for change in [["b/a.yaml": "x"], ["o/kustomization.yml": ""], ["o/Chart.yaml": ""]] {
            #expect(try !trace.isValid(against: MemoryTree(files: files.merging(change) { $1 }), variables: [:]))
        }
        files["b/a.yaml"] = nil
        #expect(try !trace.isValid(against: MemoryTree(files: files), variables: [:]))
    }

    @Test func aNewFileInAPlainFolderMatters() throws {
        let tree = MemoryTree(files: ["p/a.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}"])
        let trace = try Renderer.render(RenderRequest(path: "p"), from: tree).trace
        #expect(try trace.isValid(against: tree, variables: [:]))
        #expect(try !trace.isValid(against: MemoryTree(files: tree.files.merging(["p/b.yaml": ""]) { $1 }), variables: [:]))
    }

    @Test func readsItsOwnForm() throws {
        let trace = try trace()
        #expect(try RenderTrace(trace.value) == trace)
        #expect(try RenderTrace(JSON.read(Canonical.bytes(trace.value))).key == trace.key)
    }

    @Test func takesTheTreesNamesForContents() throws {
        let tree = NamedTree(base: MemoryTree(files: Self.files), names: ["b/a.yaml": "id-1"])
        let trace = try Renderer.render(Self.request, from: tree).trace
        #expect(trace.reads.contains(RenderTrace.Read(path: "b/a.yaml", kind: .content, found: "object:id-1")))
        #expect(try trace.isValid(against: tree, variables: [:]))
        #expect(try !trace.isValid(against: NamedTree(base: tree.base, names: ["b/a.yaml": "id-2"]), variables: [:]))
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
