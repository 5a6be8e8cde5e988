// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import KubernetesAPI
import Manifests

/// Makes a Job for once, waits for its end, and fetches the end of its log. It is nobody's inventory: it goes by itself.
struct JobCommand {
    let context: AgentContext
    let permissions: CommandPermissions

    static let label = "flotilla.dev/command"
    private static let tailLines = 500
    /// Finished jobs go after so long, where they do not say otherwise; seconds.
    private static let keptSeconds: Int64 = 600
    private static let keptSecondsMax: Int64 = 86_400
    private static let pause = Duration.milliseconds(500)
    private static let pauseMax = Duration.seconds(5)

    func run(_ command: Command.JobRun, id: Generation) async throws -> CommandAnswer {
        guard permissions.permitsJobs(in: command.namespace) else {
            throw CommandFailure(
                "this agent runs no jobs in namespace '\(command.namespace)': start it with --allow-jobs \(command.namespace)")
        }
        let manifest = command.manifest
        guard manifest["apiVersion"] == "batch/v1", manifest["kind"] == "Job" else { throw CommandFailure("the manifest is no Job") }
        let client = try await client(command)
        let made: Value
        do {
            made = try await client.create(
                Self.prepare(manifest, command, id), as: .jobs, options: WriteOptions(fieldManager: Ownership.fieldManager)
            ).object
        } catch {
            throw CommandFailure("the job cannot be made: \(error)")
        }
        let name = made.at("metadata", "name")?.string ?? ""
        let end = try await ended(name, command, client)
        guard let end else {
            _ = try? await client.delete(
                .jobs, namespace: command.namespace, name: name, options: DeleteOptions(propagation: .background))
            throw CommandFailure("job \(name) had not ended after \(command.timeoutSeconds) s, and was deleted")
        }
        return await answer(end, name, command)
    }

    /// In the name of the application's service account, where it has one.
    private func client(_ command: Command.JobRun) async throws(CommandFailure) -> KubernetesClient {
        guard !command.application.isEmpty else { return context.cluster.client }
        guard let application = context.board[command.application] else {
            throw CommandFailure("application '\(command.application)' is not on this cluster")
        }
        let task = await application.task
        guard task.options.serviceAccount == nil || task.namespace == command.namespace else {
            throw CommandFailure("application '\(command.application)' may act in namespace '\(task.namespace)' only")
        }
        let job = ObjectIdentity(group: "batch", kind: "Job", namespace: command.namespace, name: "")
        if let failure = BoundsRefusal.failure(of: job, .jobs, for: task) { throw CommandFailure(failure.message) }
        return context.client(for: task)
    }

    /// The Job as it is made: a name of its own, the command's label, an end, and nothing by which anybody would take it for theirs.
    static func prepare(_ manifest: Value, _ command: Command.JobRun, _ id: Generation) -> Value {
        let given = manifest["metadata"]
        let base = given?["name"]?.string ?? given?["generateName"]?.string ?? "job"
        var name = String(base.prefix(50))
        if !name.hasSuffix("-") { name += "-" }
        var metadata: Map = [
            "generateName": .string(name), "namespace": .string(command.namespace),
            "labels": .map(labels(given?["labels"], id)),
        ]
        if let annotations = given?["annotations"]?.map { metadata["annotations"] = .map(annotations) }
        var spec = manifest["spec"] ?? .map([:])
        let kept = spec["ttlSecondsAfterFinished"]?.int ?? keptSeconds
        spec["ttlSecondsAfterFinished"] = .int(min(max(kept, 0), keptSecondsMax))
        // It ends also when the agent does not live to see it.
        spec["activeDeadlineSeconds"] = .int(min(spec["activeDeadlineSeconds"]?.int ?? .max, command.timeoutSeconds))
        var template = spec["template"] ?? .map([:])
        var podMetadata = template["metadata"] ?? .map([:])
        podMetadata["labels"] = .map(labels(podMetadata["labels"], id))
        template["metadata"] = podMetadata
        spec["template"] = template
        return ["apiVersion": "batch/v1", "kind": "Job", "metadata": .map(metadata), "spec": spec]
    }

    private static func labels(_ given: Value?, _ id: Generation) -> Map {
        var labels = given?.map ?? [:]
        labels[Ownership.applicationLabel] = nil
        labels[Ownership.partOfLabel] = nil
        labels[label] = .string("\(id)")
        return labels
    }

    /// How the Job has ended; `nil` when the time is up.
    private func ended(_ name: String, _ command: Command.JobRun, _ client: KubernetesClient) async throws -> HookOutcome? {
        let deadline = context.clock.now() + .seconds(command.timeoutSeconds)
        var pause = Self.pause
        while true {
            do {
                let job = try await client.get(.jobs, namespace: command.namespace, name: name)
                if let outcome = HookOutcome(ofJob: job) { return outcome }
            } catch {
                if error.isNotFound { throw CommandFailure("somebody deleted job \(name)") }
                guard error.isRetryable else { throw CommandFailure("\(error)") }
            }
            guard context.clock.now() < deadline else { return nil }
            try await context.clock.sleep(pause)
            pause = min(pause * 2, Self.pauseMax)
        }
    }

    private func answer(_ end: HookOutcome, _ name: String, _ command: Command.JobRun) async -> CommandAnswer {
        let succeeded = end == .succeeded
        var output: Map = ["job": .string(name), "namespace": .string(command.namespace), "succeeded": .bool(succeeded)]
        let logs = LogCommand(context: context, permissions: permissions)
        if let pod = (try? await logs.newest(namespace: command.namespace, "job-name=\(name)")) ?? nil,
            let podName = pod.at("metadata", "name")?.string
        {
            output["pod"] = .string(podName)
            let container = pod.at("spec", "containers")?.list?.first?["name"]?.string ?? ""
            do {
                output["text"] = .string(
                    try await logs.text(
                        namespace: command.namespace, pod: podName, LogSelection(container: container, tailLines: Self.tailLines)))
            } catch {
                output["text"] = .string("")
                output["note"] = .string("\(error)")
            }
        }
        return CommandAnswer(
            message: message(of: end, name), output: .map(output), isFailure: !succeeded)
    }

    private func message(of end: HookOutcome, _ name: String) -> String {
        switch end {
        case .succeeded: "job \(name) succeeded"
        case .failed(let why): "job \(name) failed: \(why)"
        }
    }
}
