// SPDX-License-Identifier: Apache-2.0
import Foundation
import Kustomize
import Manifests
import Testing

/// Fixtures, broken at random: a build gives objects or says what is wrong, whatever it is fed, and the same each time.
///
/// FLOTILLA_SEED runs one seed again; a failing seed is named in the failure.
struct MutationTests {
    static let seeds: [UInt64] = {
        if let text = ProcessInfo.processInfo.environment["FLOTILLA_SEED"], let seed = UInt64(text) { return [seed] }
        return Array(1...40)
    }()
    static let mutationsPerSeed = 40

    /// Every fixture's files, and where its build starts; recorded cases too where they are at hand.
    static let subjects: [(start: String, files: [String: String])] = {
        var found: [(String, [String: String])] = []
        let own = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().appending(path: "Fixtures/Kustomize")
            .path
        for name in (try? FileManager.default.contentsOfDirectory(atPath: own))?.sorted() ?? [] {
            found.append(("overlay", files(below: "\(own)/\(name)")))
        }
        if let recorded = ProcessInfo.processInfo.environment["FLOTILLA_CONFORMANCE"].map({ $0 + "/kustomize" }) {
            for name in (try? FileManager.default.contentsOfDirectory(atPath: recorded))?.sorted() ?? [] {
                guard let start = try? String(contentsOfFile: "\(recorded)/\(name)/root.txt", encoding: .utf8) else { continue }
                let files = files(below: "\(recorded)/\(name)")
                guard files.values.reduce(0, { $0 + $1.utf8.count }) < 64 << 10 else { continue }
                found.append((start.trimmingCharacters(in: .whitespacesAndNewlines), files))
            }
        }
        return found
    }()

    private static func files(below folder: String) -> [String: String] {
        var files: [String: String] = [:]
        for case let path as String in FileManager.default.enumerator(atPath: folder) ?? .init() {
            if let text = try? String(contentsOfFile: "\(folder)/\(path)", encoding: .utf8) { files[path] = text }
        }
        return files
    }

    @Test(arguments: seeds)
    func neitherCrashesNorWavers(seed: UInt64) throws {
        var random = Random(state: seed)
        for round in 0..<Self.mutationsPerSeed {
            let subject = Self.subjects[Int(random.next() % UInt64(Self.subjects.count))]
            var tree = MemoryTree(files: subject.files)
            for _ in 0...(random.next() % 3) { Mutation.apply(to: &tree, &random) }
            let first = outcome(subject.start, tree)
            let second = outcome(subject.start, tree)
            #expect(first == second, "seed \(seed), round \(round): two builds differ")
            if case .objects(let text) = first {
                let again = try? YAML.documents(text, scalars: .kustomize)
                #expect(again != nil, "seed \(seed), round \(round): what was printed cannot be read")
            }
        }
    }

    private enum Outcome: Equatable {
        case objects(String)
        case refused(KustomizeFailure)
    }

    private func outcome(_ start: String, _ tree: MemoryTree) -> Outcome {
        do {
            return .objects(YAML.write(documents: try Kustomize.build(start, from: tree, limits: Self.limits).map(\.value)))
        } catch {
            #expect(!error.problems.isEmpty)
            return .refused(error)
        }
    }

    private static let limits = KustomizeLimits(
        depthMax: 16, filesMax: 500, fileBytesMax: 1 << 20, bytesMax: 4 << 20, resourcesMax: 2_000, kustomizationsMax: 200)
}

/// SplitMix64: the same numbers for the same seed, everywhere.
struct Random: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

/// One random change to a tree of files: to lines, to bytes, to whole files, to links.
enum Mutation {
    private static let words = [
        "&a ", "*a", "<<: *a", "!!binary ", "- ", "? ", "|\n  ", ">-\n  ", "{}", "[]", "null", "~", "---\n", "...\n", "\"", "'", "../",
        "../../..", "/",
        "\u{FEFF}", "\u{2028}", "\0", "${x}", "$(x)", "0x1F", "1e309", ".inf", "9223372036854775808", "true", "y", "patches:\n",
        "resources:\n- .\n",
        "components:\n- .\n", "namePrefix: a\n", "nameSuffix: ''\n", "namespace: x\n", "transformers:\n- a.yaml\n",
        "replacements:\n- path: a\n",
        "$patch: delete\n", "$patch: replace\n", "metadata: []\n", "kind: List\nitems: [null, {}]\n", "labels: 1\n", "vars: [{name: a}]\n",
        "configMapGenerator: [{name: a, literals: [=]}]\n", "openapi: {path: a}\n", "crds: [a]\n", "sortOptions: {order: legacy}\n", "*",
        "(((((", "[[[[[[[[",
        "{a: {a: {a: {a: ", "é", "🚢",
    ]

    static func apply(to tree: inout MemoryTree, _ random: inout Random) {
        let paths = tree.files.keys.filter { !$0.hasSuffix(".txt") && !$0.hasSuffix("expected.yaml") }.sorted()
        guard let path = pick(paths, &random), let text = tree.files[path] else { return }
        switch random.next() % 10 {
        case 0: tree.files[path] = nil
        case 1:
            guard let other = pick(paths, &random) else { return }
            tree.files[path] = tree.files[other]
        case 2:
            tree.files[path] = nil
            tree.links[path] = pick(paths + ["..", "/", "../../x", path, "."], &random)
        case 3, 4: tree.files[path] = changeLines(text, &random)
        case 5, 6, 7: tree.files[path] = insert(pick(words, &random) ?? "", into: text, &random)
        default: tree.files[path] = changeBytes(text, &random)
        }
    }

    private static func pick<Element>(_ items: [Element], _ random: inout Random) -> Element? {
        items.isEmpty ? nil : items[Int(random.next() % UInt64(items.count))]
    }

    private static func insert(_ word: String, into text: String, _ random: inout Random) -> String {
        var bytes = Array(text.utf8)
        bytes.insert(contentsOf: word.utf8, at: Int(random.next() % UInt64(bytes.count + 1)))
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func changeBytes(_ text: String, _ random: inout Random) -> String {
        var bytes = Array(text.utf8)
        guard !bytes.isEmpty else { return text }
        for _ in 0...(random.next() % 4) {
            let index = Int(random.next() % UInt64(bytes.count))
            switch random.next() % 3 {
            case 0: bytes[index] = UInt8(truncatingIfNeeded: random.next())
            case 1 where bytes.count > 1: bytes.remove(at: index)
            default: bytes[index] ^= 1 << UInt8(random.next() % 7)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func changeLines(_ text: String, _ random: inout Random) -> String {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        let index = Int(random.next() % UInt64(lines.count))
        switch random.next() % 5 {
        case 0: lines.remove(at: index)
        case 1: lines.insert(lines[index], at: index)
        case 2: lines.swapAt(index, Int(random.next() % UInt64(lines.count)))
        case 3: lines[index] = "  " + lines[index]
        default: lines = Array(lines[..<index])
        }
        return lines.joined(separator: "\n")
    }
}
