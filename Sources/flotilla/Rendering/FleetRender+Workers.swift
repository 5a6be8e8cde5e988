// SPDX-License-Identifier: Apache-2.0
import FleetModel
import Glibc

extension FleetRender {
    /// Does all jobs on one thread for each core, each with a tree of its own; what is in memory are as many renders at a time.
    func run(from tree: RenderTree, into folder: OutputFolder) async throws -> Done {
        try folder.begin(jobs.lazy.flatMap(\.targets).map(\.file))
        var workers = [tree]
        defer { for worker in workers.dropFirst() { worker.close() } }
        let cores = max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
        while workers.count < min(cores, jobs.count) { workers.append(try await tree.another(name: "render-\(workers.count)")) }
        var results = [Done?](repeating: nil, count: jobs.count)
        try await withThrowingTaskGroup(of: (worker: Int, job: Int, done: Done).self) { group in
            var next = 0
            func start(_ worker: Int, _ workers: [RenderTree]) {
                guard next < jobs.count else { return }
                let (index, job, tree) = (next, jobs[next], workers[worker])
                next += 1
                group.addTask { (worker, index, try await tree.read { FleetRender.run(job, from: $0, into: folder) }) }
            }
            for worker in workers.indices { start(worker, workers) }
            while let finished = try await group.next() {
                results[finished.job] = finished.done
                start(finished.worker, workers)
            }
        }
        // In the jobs' order: what is said is the same every time, whoever was first.
        return results.compactMap { $0 }.reduce(into: Done(failed: failed, warnings: warnings)) { $0.add($1) }
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

    /// Of each failure its problems, and whom they concern.
    var complaints: [String] {
        failed.flatMap { failure in
            var lines = Complaint(failure.lines).lines
            let clusters = failure.targets.map { "\($0.variables.environmentName)/\($0.variables.clusterName)" }
            if let first = failure.targets.first {
                let more = clusters.count > 5 ? " and \(clusters.count - 5) more" : ""
                lines.append("  not rendered: \(first.application) for \(clusters.prefix(5).joined(separator: ", "))\(more)")
            }
            return lines
        }
    }

    var failedCount: Int { failed.reduce(0) { $0 + max(1, $1.targets.count) } }
}
