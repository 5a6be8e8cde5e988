// SPDX-License-Identifier: Apache-2.0
import Glibc

extension FleetRender {
    private struct Finished: Sendable {
        let worker: Int
        let done: Done
        let rest: [Job]
    }

    /// Does all jobs on one thread for each core, each with a tree of its own; in memory are as many renders at a time.
    func run(from tree: RenderTree, into folder: OutputFolder) async throws -> Done {
        try folder.begin(files)
        var workers = [tree]
        defer { for worker in workers.dropFirst() { worker.close() } }
        for index in 1..<max(2, sysconf(Int32(_SC_NPROCESSORS_ONLN))) { workers.append(try await tree.another(name: "render-\(index)")) }
        var result = Done(failed: failed, warnings: warnings)
        try await withThrowingTaskGroup(of: Finished.self) { group in
            var queue = jobs[...]
            var idle = Array(workers.indices)
            while true {
                while let worker = idle.last, let job = queue.popFirst() {
                    idle.removeLast()
                    let tree = workers[worker]
                    group.addTask {
                        let (done, rest) = try await tree.read { try FleetRender.run(job, from: $0, into: folder) }
                        return Finished(worker: worker, done: done, rest: rest)
                    }
                }
                guard let finished = try await group.next() else { break }
                idle.append(finished.worker)
                queue += finished.rest
                result.add(finished.done)
            }
        }
        result.arrange()
        return result
    }
}

extension FleetRender.Done {
    mutating func add(_ other: Self) {
        renders += other.renders
        written += other.written
        unchanged += other.unchanged
        failed += other.failed
        warnings += other.warnings
        files += other.files
    }

    /// Brings everything into one order, whoever was first, and what was said several times together.
    mutating func arrange() {
        var groups: [[String]: FleetRender.Failed] = [:]
        for failure in failed { groups[failure.lines, default: .init(targets: [], lines: failure.lines)].targets += failure.targets }
        failed = groups.values.map { .init(targets: $0.targets.sorted { $0.file < $1.file }, lines: $0.lines) }
            .sorted { ($0.targets.first?.file ?? "", $0.lines.first ?? "") < ($1.targets.first?.file ?? "", $1.lines.first ?? "") }
        warnings = Set(warnings).sorted()
    }

    /// Of each failure its problems, and whom they concern.
    var complaints: [String] {
        failed.flatMap { failure in
            let applications = Set(failure.targets.map(\.application)).sorted()
            return failure.lines
                + applications.map { application in
                    let clusters = failure.targets.filter { $0.application == application }.map { "\($0.environment)/\($0.cluster)" }
                    let more = clusters.count > 5 ? " and \(clusters.count - 5) more" : ""
                    return "  not rendered: \(application) for \(clusters.prefix(5).joined(separator: ", "))\(more)"
                }
        }
    }

    var failedCount: Int { failed.reduce(0) { $0 + max(1, $1.targets.count) } }
}
