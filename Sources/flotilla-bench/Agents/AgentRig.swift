// SPDX-License-Identifier: Apache-2.0
import Manifests

/// What an agent's benchmark runs on: a simulated cluster, a server of tasks, and folders.
struct AgentRig: Sendable {
    let folder: ScratchFolder
    let simulator: SimulatorProcess
    let tasks: TaskServer
    let program: String

    static func run<Result: Sendable>(
        program: String, latency milliseconds: Int = 0, usesTLS: Bool = true,
        _ body: @escaping @Sendable (AgentRig) async throws -> Result
    ) async throws -> Result {
        // Removed when the program ends and not before: file systems are slow to make files right after many were removed.
        let folder = try ScratchFolder.kept()
        return try await SimulatorProcess.run(in: folder, named: "simulator", latency: milliseconds, usesTLS: usesTLS) { simulator in
            try await TaskServer.run { tasks in
                try await body(AgentRig(folder: folder, simulator: simulator, tasks: tasks, program: program))
            }
        }
    }

    /// Runs an agent beside `body`; always with the same state folder.
    func withAgent<Result>(_ body: (AgentProcess) async throws -> Result) async throws -> Result {
        let token = try folder.write(Array("bench".utf8), to: "agent/token")
        let authorities = try folder.write(Array(try tasks.authorities.utf8), to: "agent/ca.crt")
        let agent = AgentProcess(
            process: try ChildProcess.start(
                [
                    program, "--coordinator", tasks.url, "--cluster", SimulatorProcess.cluster, "--enrolment-token-file", token,
                    "--coordinator-ca", authorities, "--kubeconfig", simulator.kubeconfigPath, "--state-directory",
                    "\(folder.path)/agent/state",
                ], output: "\(folder.path)/agent/log"))
        defer { agent.process.stop() }
        do { return try await body(agent) } catch {
            let log = (try? FolderTree(root: "\(folder.path)/agent").read("log", limit: 1 << 20)) ?? []
            throw BenchError("\(error)\nthe agent said last:\n\(String(decoding: log.suffix(2_000), as: UTF8.self))")
        }
    }
}
