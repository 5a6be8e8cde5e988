// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Manifests

struct YAMLCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "yaml", abstract: "Reading and writing YAML, in MB/s.")

    @Option(help: "Megabytes of generated manifests.")
    var megabytes = 4

    @OptionGroup var output: OutputOptions

    func run() async throws { output.show([try await YAMLBenchmark(megabytes: megabytes).run()]) }
}

/// YAML manifests into the document tree and back.
struct YAMLBenchmark {
    var megabytes: Int

    func run() async throws -> Findings {
        var findings = Findings("yaml")
        let bytes = SampleManifests.yaml(bytes: megabytes << 20)
        let size = Double(bytes.count) / 1e6
        let reading = try Timing.median { _ = try YAML.documents(bytes) }
        findings.add("read into the tree", size / reading.wall, "MB/s", budget: ">= 50")
        findings.add("read into the tree, processor time", size / reading.processor, "MB/s")
        let documents = try YAML.documents(bytes)
        let text = YAML.write(documents: documents)
        let writing = Timing.median { _ = YAML.write(documents: documents) }
        findings.add("write from the tree", Double(text.utf8.count) / 1e6 / writing.wall, "MB/s")
        try addPeer(bytes, size, ours: reading.wall, to: &findings)
        return findings
    }

    /// Python's binding of the same C library, which builds dictionaries and lists.
    private func addPeer(_ bytes: [UInt8], _ size: Double, ours: Double, to findings: inout Findings) throws {
        let script = """
            import sys, time, yaml
            text = open(sys.argv[1], 'rb').read()
            times = []
            for _ in range(3):
                begin = time.perf_counter()
                for _ in yaml.load_all(text, Loader=yaml.CSafeLoader): pass
                times.append(time.perf_counter() - begin)
            print(sorted(times)[1])
            """
        guard ChildProcess.isInstalled("python3") else { return findings.remarks.append("python3 is not installed: no peer") }
        let folder = try ScratchFolder()
        defer { folder.remove() }
        // An eighth is plenty: the peer is slow.
        let part = SampleManifests.yaml(bytes: bytes.count / 8)
        let file = try folder.write(part, to: "sample.yaml")
        let answer = "\(folder.path)/seconds"
        guard try ChildProcess.run(["python3", "-c", script, file], output: answer) == 0,
            let seconds = Double(try String(decoding: FolderTree(root: folder.path).read("seconds", limit: 100), as: UTF8.self).trimmedLine)
        else { return findings.remarks.append("python3 has no yaml module with libyaml: no peer") }
        let peer = Double(part.count) / 1e6 / seconds
        findings.add("Python's CSafeLoader (libyaml)", peer, "MB/s")
        findings.add("ratio", size / ours / peer, "times")
    }
}

extension String {
    /// Without the line break at the end.
    var trimmedLine: String { hasSuffix("\n") ? String(dropLast()) : self }
}
