// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import ClusterSimulator
import Glibc
import Logging

/// The simulated cluster of the agent's benchmarks, as a process of its own: what it costs is not counted as the agent's or the client's.
struct SimulatorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulator", abstract: "Serve one simulated cluster for a benchmark.", shouldDisplay: false)

    @Option(help: "Where its kubeconfig is written once it listens.")
    var kubeconfig: String

    @Option(help: "Where requests are logged.")
    var logDirectory: String?

    @Option(help: "Added to every answer, in milliseconds.")
    var latency = 0

    @Flag(help: "Serve HTTP instead of HTTPS.")
    var plain = false

    func run() async throws {
        let name = SimulatorProcess.cluster
        let simulator = try Simulator(
            configuration: SimulatorConfiguration(
                clusters: [ClusterSpecification(name: name)], logDirectory: logDirectory, usesTLS: !plain, seed: 1), logger: quietLogger)
        var faults = Faults()
        faults.latency = .milliseconds(latency)
        simulator.setFaults(faults)
        try await alongside(
            { try await simulator.run() },
            do: {
                try await simulator.ready()
                guard let text = simulator.kubeconfig(for: name) else { throw BenchError("the simulated cluster has no kubeconfig") }
                try ScratchFolder.write(Array(text.utf8), to: kubeconfig + ".new")
                guard rename(kubeconfig + ".new", kubeconfig) == 0 else { throw BenchError("cannot write \(kubeconfig)") }
                // Ends by a signal.
                while true { try await Task.sleep(for: .seconds(3_600)) }
            })
    }
}
