// SPDX-License-Identifier: Apache-2.0
import Glibc
import GoTemplate
import Kustomize
import Manifests

/// What is fuzzed: one reader or engine each. A property that does not hold ends the process, which libFuzzer reports with the input.
enum Target: String {
    case yaml, json, kustomize, template

    func run(_ bytes: [UInt8]) {
        switch self {
        case .yaml: Self.yaml(bytes)
        case .json: Self.json(bytes)
        case .kustomize: Self.kustomize(bytes)
        case .template: Self.template(bytes)
        }
    }

    /// What was read and written reads as the same again.
    private static func yaml(_ bytes: [UInt8]) {
        for rules in [YAML.ScalarRules.kubernetes, .kustomize] {
            guard let documents = try? YAML.documents(bytes, limits: limits, scalars: rules) else { continue }
            let text = YAML.write(documents: documents)
            guard let again = try? YAML.documents(Array(text.utf8), scalars: rules) else {
                fail("what was written cannot be read:\n\(text)")
            }
            guard again.filter({ !$0.isNull }) == documents.filter({ !$0.isNull }) else { fail("writing changes the value:\n\(text)") }
            for index in documents.indices { _ = YAML.locate([], document: index, in: bytes) }
        }
    }

    private static func json(_ bytes: [UInt8]) {
        guard let value = try? JSON.read(bytes, limits: limits) else { return }
        guard let again = try? JSON.read(JSON.write(value)), again == value else { fail("writing changes the value") }
        guard let canonical = try? JSON.read(Canonical.bytes(value)), canonical == value else {
            fail("the canonical form is another value")
        }
    }

    /// The input is a tree: a line `=== path` begins each file. Two builds give the same, and what is printed can be read.
    private static func kustomize(_ bytes: [UInt8]) {
        let tree = FuzzTree(bytes)
        let first = try? Kustomize.build("", from: tree, limits: kustomizeLimits)
        let second = try? Kustomize.build("", from: tree, limits: kustomizeLimits)
        guard first?.map(\.value) == second?.map(\.value) else { fail("two builds differ") }
        guard let first else { return }
        let text = YAML.write(documents: first.map(\.value))
        guard (try? YAML.documents(Array(text.utf8), scalars: .kustomize)) != nil else { fail("what was printed cannot be read:\n\(text)") }
    }

    /// The input is a template. Without entropy it gives the same twice, output or message, and stays within its bounds.
    private static func template(_ bytes: [UInt8]) {
        guard render(bytes) == render(bytes) else { fail("two renderings differ") }
    }

    private static func render(_ bytes: [UInt8]) -> [UInt8] {
        var limits = TemplateLimits()
        limits.stepsMax = 200_000
        limits.outputBytesMax = 1 << 20
        limits.stringBytesMax = 1 << 20
        limits.producedBytesMax = 64 << 20
        limits.itemsMax = 10_000
        var set = TemplateSet(limits: limits)
        let values: Value = ["list": [1, "a", true, .null], "map": ["a": ["b": "c"]], "text": "some text", "number": 7]
        do throws(TemplateFailure) {
            try set.add(name: "t", text: bytes)
            let output = try TemplateRenderer(set, limits: limits).render("t", .map([("Values", Datum(values))]))
            guard output.count <= 2 << 20 else { fail("more output than the limit") }
            return output
        } catch {
            return Array(error.message.utf8)
        }
    }

    private static let limits = Limits(bytesMax: 1 << 20, depthMax: 64, aliasesMax: 10_000, documentsMax: 1_000)
    private static let kustomizeLimits = KustomizeLimits(
        depthMax: 8, filesMax: 100, fileBytesMax: 1 << 18, bytesMax: 1 << 20, resourcesMax: 1_000, kustomizationsMax: 50)

    private static func fail(_ message: String) -> Never {
        let line = Array("\(message)\n".utf8)
        write(2, line, line.count)
        abort()
    }
}

/// Files written one after the other, each after a line `=== path`.
struct FuzzTree: FileTree {
    private var files: [String: [UInt8]] = [:]

    init(_ bytes: [UInt8]) {
        var path = "kustomization.yaml"
        for line in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            if line.starts(with: "=== ".utf8) {
                path = String(decoding: line.dropFirst(4), as: UTF8.self).split(separator: "/").filter { $0 != "." && $0 != ".." }
                    .joined(separator: "/")
                files[path] = []
            } else {
                files[path, default: []] += line + [UInt8(ascii: "\n")]
            }
        }
    }

    func entry(at path: String) -> FileTreeEntry? {
        if path.isEmpty { return .folder }
        if let bytes = files[path] { return .file(bytes: bytes.count) }
        return files.keys.contains { $0.hasPrefix(path + "/") } ? .folder : nil
    }

    func read(_ path: String, limit: Int) throws -> [UInt8] {
        guard let bytes = files[path] else { throw FileTreeError.notFound(path: path) }
        guard bytes.count <= limit else { throw FileTreeError.tooLarge(path: path, bytes: bytes.count, limit: limit) }
        return bytes
    }

    func list(_ path: String) -> [String] {
        let prefix = path.isEmpty ? "" : path + "/"
        let names = files.keys.filter { $0.hasPrefix(prefix) }.compactMap {
            $0.dropFirst(prefix.count).split(separator: "/").first.map(String.init)
        }
        return Set(names).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }
}
