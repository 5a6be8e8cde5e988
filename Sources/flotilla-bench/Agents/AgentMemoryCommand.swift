// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Manifests
import Synchronization

struct AgentMemoryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "agent-memory", abstract: "The anonymous memory of an agent's process: while it syncs, afterwards, after a restart.")

    @Option(help: "Objects that the agent keeps, of several sizes.")
    var objects = Sizes([1_000, 5_000])

    @Option(help: "Applications that they belong to.")
    var applications = 20

    @OptionGroup var options: AgentOptions

    func run() async throws {
        try await options.show { program in
            try await AgentMemoryBenchmark(objects: objects.values, applications: applications, program: program).run()
        }
    }
}

/// A real agent process and a simulated cluster in another one, over HTTPS; `RssAnon` as the kernel says it.
struct AgentMemoryBenchmark: Sendable {
    var objects: [Int]
    var applications = 20
    var program: String

    /// What follows a sync (tidying up, giving memory back, closing connections) is over by then.
    private static let settling = Duration.seconds(10)

    func run() async throws -> Findings {
        var findings = Findings("agent-memory")
        for count in objects {
            Terminal.progress("agent-memory: \(count) objects")
            let workload = try AgentWorkload(objects: count, applications: applications, .mixed)
            let measured = try await AgentRig.run(program: program) { try await measure(workload, $0) }
            let steady = count <= 1_000 ? "<= 12" : count <= 5_000 ? "<= 24" : nil
            findings.add("\(count) objects in \(applications) applications: steady", measured.steady, "MiB", budget: steady)
            findings.add("at its peak, in the first sync", measured.peak, "MiB", budget: count <= 5_000 ? "<= 24" : nil)
            findings.add("after a restart, steady", measured.restarted, "MiB", budget: steady)
            findings.add("after a restart, at its peak", measured.restartedPeak, "MiB", budget: count <= 5_000 ? "<= 24" : nil)
            findings.add("resident, with program and libraries", measured.resident, "MiB")
        }
        findings.remarks.append("anonymous memory (RssAnon), looked at every 5 ms; the agent's program: \(program)")
        return findings
    }

    struct Measured: Sendable {
        var steady = 0.0
        var peak = 0.0
        var restarted = 0.0
        var restartedPeak = 0.0
        var resident = 0.0
    }

    private func measure(_ workload: AgentWorkload, _ rig: AgentRig) async throws -> Measured {
        var measured = Measured()
        try await rig.withAgent { agent in
            try await rig.tasks.waitForIdlePoll()
            measured.peak = try await Self.peak(of: agent) {
                rig.tasks.give(workload, generation: 1)
                _ = try await rig.tasks.applied()
                _ = try await rig.tasks.healthy()
            }
            try await Task.sleep(for: Self.settling)
            measured.steady = try agent.memory("RssAnon")
            measured.resident = try agent.memory("VmRSS")
        }
        // The same objects, without the traces of their first sync.
        try await rig.withAgent { agent in
            measured.restartedPeak = try await Self.peak(of: agent) {
                try await rig.tasks.waitForIdlePoll()
                try await Task.sleep(for: Self.settling)
            }
            measured.restarted = try agent.memory("RssAnon")
        }
        return measured
    }

    private static func peak(of agent: AgentProcess, during body: @escaping @Sendable () async throws -> Void) async throws -> Double {
        let highest = Mutex(0.0)
        try await alongside(
            {
                while !Task.isCancelled {
                    let now = try agent.memory("RssAnon")
                    highest.withLock { $0 = max($0, now) }
                    try? await Task.sleep(for: .milliseconds(5))
                }
            }, do: body)
        return highest.withLock { $0 }
    }
}
