// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Manifests
import Rendering
import Threads

struct RenderCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "render", abstract: "Rendering overlays in process, beside `kubectl kustomize`.")

    @Option(help: "Small overlays to render in a run.")
    var overlays = 200

    @Option(help: "Objects of the large kustomizations.")
    var resources = Sizes([200, 4_000])

    @Option(help: "Largest kustomization that kubectl is given too: its time grows faster than the square of the objects.")
    var peerResources = 200

    @OptionGroup var output: OutputOptions

    func run() async throws {
        let benchmark = RenderBenchmark(overlays: overlays, resources: resources.values, peerResources: peerResources)
        output.show([try await benchmark.run()])
    }
}

/// Kustomize overlays through the renderer, each object with its digest.
struct RenderBenchmark {
    var overlays: Int
    var resources: [Int]
    var peerResources: Int

    func run() async throws -> Findings {
        var findings = Findings("render")
        let folder = try ScratchFolder()
        defer { folder.remove() }
        let hasPeer = ChildProcess.isInstalled("kubectl")
        if !hasPeer { findings.remarks.append("kubectl is not installed: no peer") }

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
        if hasPeer {
            try folder.write(files)
            let peer = try peerSeconds("\(folder.path)/overlays/0")
            findings.add("kubectl kustomize, small overlay", 1 / peer, "per second")
            findings.add("ratio, small overlay", perSecond * peer, "times")
        }

        for count in resources {
            let files = SampleOverlays.large(count: count)
            let tree = MemoryTree(files)
            let ours = try Timing.median(runs: 3) { _ = try Renderer.render(RenderRequest(path: "large"), from: tree) }
            findings.add("\(count) objects", ours.wall * 1_000, "ms", budget: count == 4_000 ? "< 400" : nil)
            guard hasPeer, count <= peerResources else { continue }
            let own = try ScratchFolder()
            defer { own.remove() }
            try own.write(files)
            let peer = try peerSeconds("\(own.path)/large")
            findings.add("kubectl kustomize, \(count) objects", peer * 1_000, "ms")
            findings.add("ratio, \(count) objects", peer / ours.wall, "times", budget: count == 200 ? ">= 20" : nil)
        }
        return findings
    }

    private static func render(_ overlays: Range<Int>, of tree: MemoryTree) throws {
        for overlay in overlays { _ = try Renderer.render(RenderRequest(path: "overlays/\(overlay)"), from: tree) }
    }

    private func peerSeconds(_ path: String) throws -> Double {
        try Timing.median(runs: 5, seconds: 0) {
            guard try ChildProcess.run(["kubectl", "kustomize", path]) == 0 else { throw BenchError("kubectl kustomize failed on \(path)") }
        }.wall
    }
}
