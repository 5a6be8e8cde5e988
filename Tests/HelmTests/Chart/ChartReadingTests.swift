// SPDX-License-Identifier: Apache-2.0
import Compression
import Foundation
import Manifests
import Testing

@testable import Helm

@Suite("Reading charts") struct ChartReadingTests {
    @Test("what Helm refuses is refused") func refusals() {
        func refused(_ metadata: String) -> String? { message { _ = try MemoryChart(["Chart.yaml": metadata]).chart() } }
        #expect(refused("apiVersion: v2\nversion: 1.0.0\n") == "validation: chart.metadata.name is required")
        #expect(refused("apiVersion: v2\nname: ..\nversion: 1.0.0\n") == "validation: chart.metadata.name \"..\" is not allowed")
        #expect(refused("apiVersion: v2\nname: a/b\nversion: 1.0.0\n") == "validation: chart.metadata.name \"a/b\" is invalid")
        #expect(refused("apiVersion: v2\nname: a\n") == "validation: chart.metadata.version is required")
        #expect(refused("apiVersion: v2\nname: a\nversion: one\n") == "validation: chart.metadata.version \"one\" is invalid")
        #expect(refused("apiVersion: v2\nname: a\nversion: 1.0.0\ntype: other\n")?.contains("application or library") == true)
        #expect(
            refused("apiVersion: v2\nname: a\nversion: 1.0.0\nappVersion: 1.0\n")
                == "cannot load Chart.yaml: 'appVersion' is an integer, expected a string; put it into quotes")
        #expect(
            refused("apiVersion: v2\nname: a\nversion: 1.0.0\ndependencies: [{name: b}, {name: c, alias: b}]\n")
                == "validation: more than one dependency with name or alias \"b\"")
        var budget = ChartBudget(.standard)
        #expect(message { _ = try ChartReading.chart([], &budget, depth: 0) } == "Chart.yaml file is missing")
    }

    @Test("a version 1 chart names its dependencies in requirements.yaml") func versionOne() throws {
        let chart = try MemoryChart([
            "Chart.yaml": "name: old\nversion: 0.1.0\n", "requirements.yaml": "dependencies: [{name: db, version: '1', repository: x}]\n",
        ]).chart()
        #expect(chart.metadata.apiVersion == "v1")
        #expect(chart.metadata.dependencies?.map(\.name) == ["db"])
        #expect(chart.files.map(\.name) == ["requirements.yaml"])
    }

    // MARK: - Ignored files

    @Test(
        "patterns as Helm matches them",
        arguments: [
            ("*.md", "docs/a.md", true), ("/*.md", "docs/a.md", false), ("/*.md", "a.md", true), ("docs/", "docs", false),
            ("docs/*", "docs/a", true), ("docs/*", "docs/a/b", false), ("a[b-d]?", "acx", true), ("a[^b-d]?", "acx", false),
            ("\\*", "*", true), ("# *", "x", false), ("", "x", false), ("!*.yaml", "a.txt", true), ("!*.yaml", "a.yaml", false),
            ("", "templates/.hidden", true), ("", "templates/a/.hidden", false),
        ] as [(String, String, Bool)])
    func ignores(pattern: String, path: String, ignored: Bool) throws {
        #expect(try IgnoreRules(parsing: pattern).ignores(path, isFolder: false) == ignored)
    }

    @Test("a folder's pattern ignores folders alone, and ** is refused") func folders() throws {
        #expect(try IgnoreRules(parsing: "docs/").ignores("docs", isFolder: true))
        #expect(message { _ = try IgnoreRules(parsing: "a/**") }?.contains("double-star") == true)
        #expect(message { _ = try IgnoreRules(parsing: "a[") }?.contains("syntax error") == true)
    }

    // MARK: - Archives

    /// One entry of a tar.
    private func entry(_ name: String, _ text: String, type: Character = "0", size: Int? = nil) -> [UInt8] {
        var header = [UInt8](repeating: 0, count: 512)
        func put(_ text: String, at offset: Int) { for (index, byte) in text.utf8.enumerated() { header[offset + index] = byte } }
        put(name, at: 0)
        put("0000644", at: 100)
        put(
            String(repeating: "0", count: 11 - String(size ?? text.utf8.count, radix: 8).count) + String(size ?? text.utf8.count, radix: 8),
            at: 124)
        put("        ", at: 148)
        put(String(type), at: 156)
        put("ustar", at: 257)
        put("00", at: 263)
        let sum = String(header.reduce(0) { $0 + Int($1) }, radix: 8)
        put(String(repeating: "0", count: 6 - sum.count) + sum, at: 148)
        header[154] = 0
        let padding = (512 - text.utf8.count % 512) % 512
        return header + Array(text.utf8) + [UInt8](repeating: 0, count: padding)
    }

    private func archive(_ entries: [[UInt8]]) throws -> [UInt8] {
        try Gzip.compress(entries.flatMap { $0 } + [UInt8](repeating: 0, count: 1_024))
    }

    private let metadata = "apiVersion: v2\nname: packed\nversion: 1.0.0\n"

    @Test("an archive is read, with long names and folders") func packed() throws {
        let long = "packed/templates/" + String(repeating: "x", count: 120) + ".yaml"
        let record = " path=\(long)\n"
        let length = record.utf8.count + 3
        let chart = try ChartReading.read(
            archive: archive([
                entry("packed/", "", type: "5"), entry("packed/Chart.yaml", "\u{FEFF}" + metadata),
                entry("./packed/values.yaml", "", type: "0"),
                entry("long", "\(length)\(record)", type: "x"), entry("short", "a: 1\n"),
            ]))
        #expect(chart.name == "packed")
        #expect(chart.templates.map(\.name) == ["templates/" + String(repeating: "x", count: 120) + ".yaml"])
    }

    @Test(
        "what would leave the archive's folder is refused",
        arguments: [
            ("packed/../../etc/passwd", "parent directory"), ("/etc/passwd", nil), ("packed//etc/passwd", "absolute"),
            ("packed/c:/x", "illegally named"), ("Chart.yaml", "not in base directory"), ("packed", "outside the base directory"),
            ("packed/..evil", "illegally named"),
        ] as [(String, String?)])
    func escapes(name: String, problem: String?) throws {
        let bytes = try archive([entry("packed/Chart.yaml", metadata), entry(name, "x")])
        let found = message { _ = try ChartReading.read(archive: bytes) }
        if let problem { #expect(found?.contains(problem) == true, "\(found ?? "nothing")") } else { #expect(found == nil) }
    }

    @Test("links, lies about sizes, bombs and garbage are refused") func damaged() throws {
        func refused(_ bytes: [UInt8]) -> String? { message { _ = try ChartReading.read(archive: bytes) } }
        #expect(
            refused(try archive([entry("packed/Chart.yaml", metadata), entry("packed/link", "", type: "2")]))?.contains("neither") == true)
        #expect(refused(try archive([entry("packed/Chart.yaml", metadata, size: 1 << 20)]))?.contains("ends too early") == true)
        #expect(refused(Array("not gzip".utf8))?.contains("not readable") == true)
        var broken = entry("packed/Chart.yaml", metadata)
        broken[0] = UInt8(ascii: "q")
        #expect(refused(try archive([broken]))?.contains("checksum") == true)
        #expect(refused(try archive([])) == "no files in chart archive")
        let big = entry("packed/Chart.yaml", metadata) + entry("packed/big", String(repeating: " ", count: 6 << 20))
        #expect(refused(try archive([big]))?.contains("maximum file size") == true)
    }

    @Test("random bytes never crash the reader of archives", arguments: 0..<50) func random(seed: Int) throws {
        var state = UInt64(seed) &* 0x9E37_79B9_7F4A_7C15 | 1
        func next() -> UInt64 {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return state
        }
        var tar = entry("packed/Chart.yaml", metadata) + entry("packed/values.yaml", "a: 1\n") + entry("p", "12 path=p/q\n", type: "x")
        for _ in 0..<20 { tar[Int(next() % UInt64(tar.count))] = UInt8(truncatingIfNeeded: next()) }
        _ = message { _ = try ChartReading.read(archive: archive([tar])) }
    }
}
