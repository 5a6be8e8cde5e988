// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Manifests

struct JSONCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "json", abstract: "Reading and writing JSON, canonical form and digests, in MB/s.")

    @Option(help: "Megabytes of generated manifests.")
    var megabytes = 4

    @OptionGroup var output: OutputOptions

    func run() async throws { output.show([try await JSONBenchmark(megabytes: megabytes).run()]) }
}

/// JSON into the document tree and back, the canonical form, and digests.
struct JSONBenchmark {
    var megabytes: Int

    func run() async throws -> Findings {
        var findings = Findings("json")
        let bytes = try SampleManifests.json(bytes: megabytes << 20)
        let size = Double(bytes.count) / 1e6
        let reading = try Timing.median { _ = try JSON.read(bytes) }
        findings.add("read into the tree", size / reading.wall, "MB/s")
        findings.add("read into the tree, processor time", size / reading.processor, "MB/s")
        let value = try JSON.read(bytes)
        let writing = Timing.median { _ = JSON.write(value) }
        findings.add("write from the tree", size / writing.wall, "MB/s")
        let items = value["items"]?.list ?? []
        let canonical = Timing.median { for item in items { _ = Canonical.bytes(item) } }
        findings.add("canonical form", size / canonical.wall, "MB/s")
        let digest = Timing.median { for item in items { _ = Canonical.digest(item) } }
        findings.add("canonical digest", size / digest.wall, "MB/s")
        findings.add("canonical digest, objects", Double(items.count) / digest.wall, "per second")

        let typed = try Timing.median(runs: 3) { try FoundationPeer.decodeTyped(bytes) }
        findings.add("Foundation JSONDecoder, typed", size / typed.wall, "MB/s")
        let tree = try Timing.median(runs: 3) { try FoundationPeer.readTree(bytes) }
        findings.add("Foundation JSONSerialization", size / tree.wall, "MB/s")
        findings.add("ratio to JSONDecoder", typed.wall / reading.wall, "times")
        findings.add("ratio to JSONSerialization", tree.wall / reading.wall, "times")
        return findings
    }
}
