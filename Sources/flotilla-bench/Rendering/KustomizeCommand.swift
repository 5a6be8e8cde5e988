// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Glibc
import Manifests
import Rendering
import Threads

struct KustomizeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kustomize", abstract: "Rendering kustomizations, in process and as a command, beside `kubectl kustomize`.")

    @Option(help: "Small overlays to render in a run.")
    var overlays = 200

    @Option(help: "Objects of the large kustomizations.")
    var resources = Sizes([10, 200, 1_000, 4_000, 5_000])

    @Option(help: "Largest kustomization that kubectl is given too: its time grows faster than the square of the objects.")
    var peerResources = 1_000

    @Option(help: "The program flotilla, to be measured as a command. (default: the one beside this program)")
    var flotilla: String?

    @OptionGroup var output: OutputOptions

    func run() async throws {
        let benchmark = KustomizeBenchmark(
            overlays: overlays, resources: resources.values, peerResources: peerResources, program: flotilla ?? KustomizeBenchmark.sibling)
        output.show([try await benchmark.run()])
    }
}

/// Kustomizations through the renderer, each object with its digest, and through both programs from the same folders.
struct KustomizeBenchmark {
    var overlays: Int
    var resources: [Int]
    var peerResources: Int
    /// `flotilla`; `nil` where it has not been built.
    var program: String?

    /// `flotilla` in the folder of this program.
    static var sibling: String? {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = readlink("/proc/self/exe", &buffer, buffer.count)
        guard count > 0 else { return nil }
        let path = String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
        guard let slash = path.lastIndex(of: "/") else { return nil }
        let sibling = path[..<slash] + "/flotilla"
        return access(String(sibling), X_OK) == 0 ? String(sibling) : nil
    }

    func run() async throws -> Findings {
        var findings = Findings("kustomize")
        let hasPeer = ChildProcess.isInstalled("kubectl")
        if !hasPeer { findings.remarks.append("kubectl is not installed: no peer") }
        if program == nil { findings.remarks.append("flotilla is not beside this program: not measured as a command") }
        try await measureSmall(&findings, hasPeer: hasPeer)
        var times: [(count: Int, seconds: Double)] = []
        for count in resources { times.append((count, try measureLarge(count, &findings, hasPeer: hasPeer))) }
        if let first = times.first(where: { $0.count >= 200 }), let last = times.last, last.count > first.count {
            let perObject = (first.seconds / Double(first.count), last.seconds / Double(last.count))
            findings.add(
                "time per object, \(last.count) against \(first.count) objects", perObject.1 / perObject.0, "times",
                budget: "about 1: linear")
        }
        return findings
    }

    private func measureSmall(_ findings: inout Findings, hasPeer: Bool) async throws {
        let files = SampleOverlays.small(count: overlays)
        let tree = MemoryTree(files)
        let count = overlays
        let one = try Timing.median { try Self.render(0..<count, of: tree) }
        let perSecond = Double(overlays) / one.wall
        findings.add("small overlays, one thread", perSecond, "per second", budget: ">= 2,000")
        let pool = ThreadPool(name: "render", count: 2)
        var walls: [Double] = []
        for _ in 0..<5 {
            let begin = Clock.monotonic
            try await withThrowingTaskGroup(of: Void.self) { group in
                for half in [0..<count / 2, count / 2..<count] {
                    group.addTask { try await pool.run { try Self.render(half, of: tree) } }
                }
                try await group.waitForAll()
            }
            walls.append(Clock.monotonic - begin)
        }
        pool.stop()
        findings.add("small overlays, two threads", Double(overlays) / walls.median, "per second")
        guard hasPeer else { return }
        let folder = try ScratchFolder()
        defer { folder.remove() }
        try folder.write(files)
        let peer = try seconds(["kubectl", "kustomize", "\(folder.path)/overlays/0"])
        findings.add("kubectl kustomize, small overlay", 1 / peer, "per second")
        findings.add("ratio, small overlay", perSecond * peer, "times")
    }

    /// - Returns: seconds in process.
    private func measureLarge(_ count: Int, _ findings: inout Findings, hasPeer: Bool) throws -> Double {
        let files = SampleOverlays.large(count: count)
        let tree = MemoryTree(files)
        let ours = try Timing.median(runs: 3) { _ = try Renderer.render(RenderRequest(path: "overlay"), from: tree) }
        findings.add("\(count) objects, in process", ours.wall * 1_000, "ms", budget: count == 4_000 ? "< 400" : nil)
        let folder = try ScratchFolder()
        defer { folder.remove() }
        try folder.write(files)
        let command = try program.map { try seconds([$0, "render", "\(folder.path)/overlay", "--root", folder.path]) }
        if let command { findings.add("\(count) objects, as a command", command * 1_000, "ms") }
        guard hasPeer, count <= peerResources else { return ours.wall }
        let peer = try seconds(["kubectl", "kustomize", "\(folder.path)/overlay"])
        findings.add("\(count) objects, kubectl kustomize", peer * 1_000, "ms")
        findings.add("ratio in process, \(count) objects", peer / ours.wall, "times", budget: count == 200 ? ">= 20" : nil)
        if let command {
            findings.add("ratio as a command, \(count) objects", peer / command, "times", budget: count == 200 ? ">= 4" : nil)
        }
        return ours.wall
    }

    private static func render(_ overlays: Range<Int>, of tree: MemoryTree) throws {
        for overlay in overlays { _ = try Renderer.render(RenderRequest(path: "overlays/\(overlay)"), from: tree) }
    }

    private func seconds(_ command: [String]) throws -> Double {
        try Timing.median(runs: 5, seconds: 0) {
            guard try ChildProcess.run(command) == 0 else { throw BenchError("\(command.joined(separator: " ")) failed") }
        }.wall
    }
}
