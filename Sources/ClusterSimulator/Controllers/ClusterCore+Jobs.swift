// SPDX-License-Identifier: Apache-2.0

import Manifests

extension ClusterCore {
    var jobs: ResourceType { builtIn("jobs", group: "batch") }

    func reconcileJob(_ name: ObjectName) {
        guard let job = store.get(jobs.key, name) else { return forgetWorkload("batch/Job/\(name.namespace)/\(name.name)") }
        if job.isTerminating { return }
        if isFinished(job) { return expire(job, name) }
        if job.at("spec", "suspend")?.bool == true { return suspend(job) }
        let owned = controlled(pods, by: job)
        let succeeded = owned.filter { $0.at("status", "phase") == "Succeeded" }
        let failed = owned.filter { $0.at("status", "phase") == "Failed" }
        let active = owned.filter { !["Succeeded", "Failed"].contains($0.at("status", "phase")?.string ?? "") && !$0.isTerminating }
        let completions = job.at("spec", "completions")?.int ?? 1
        let parallelism = job.at("spec", "parallelism")?.int ?? 1
        let limit = job.at("spec", "backoffLimit")?.int ?? 6
        let started = job.at("status", "startTime")?.string.flatMap { Timestamp(rfc3339: $0) } ?? now
        var verdict: (kind: String, reason: String, message: String)?
        if succeeded.count >= completions {
            verdict = ("Complete", "CompletionsReached", "Reached expected number of succeeded pods")
        } else if failed.count > limit {
            verdict = ("Failed", "BackoffLimitExceeded", "Job has reached the specified backoff limit")
        } else if let seconds = job.at("spec", "activeDeadlineSeconds")?.int {
            let due = started + .seconds(seconds)
            if now >= due {
                verdict = ("Failed", "DeadlineExceeded", "Job was active longer than specified deadline")
            } else {
                after(due - now, .job(name))
            }
        }
        var status: Map = ["startTime": .string(Timestamp(seconds: started.seconds).rfc3339)]
        var failures = Int64(failed.count)
        if let verdict {
            for pod in active { _ = delete(pod, pods, DeleteOptions()) }
            if verdict.kind == "Failed" { failures += Int64(active.count) }
            let first = verdict.kind == "Failed" ? "FailureTarget" : "SuccessCriteriaMet"
            status["conditions"] = .list(
                [first, verdict.kind].map { type in
                    [
                        "type": .string(type), "status": "True", "lastProbeTime": .string(stamp), "lastTransitionTime": .string(stamp),
                        "reason": .string(verdict.reason), "message": .string(verdict.message),
                    ]
                })
            if verdict.kind == "Complete" { status["completionTime"] = .string(stamp) }
        } else {
            let missing = min(parallelism, completions - Int64(succeeded.count)) - Int64(active.count)
            let backsOff = !failed.isEmpty && owned.filter(\.isTerminating).isEmpty
            if missing > 0 {
                for _ in 0..<missing {
                    if case .failure = createAsController(pods, pod(from: job, type: jobs)) { after(.seconds(1), .job(name)) }
                }
            }
            if backsOff { after(.milliseconds(500), .job(name)) }
            status["active"] = .int(Int64(active.count) + max(0, missing))
        }
        status["succeeded"] = .int(Int64(succeeded.count))
        status["failed"] = .int(failures)
        status["terminating"] = .int(0)
        status["uncountedTerminatedPods"] = [:]
        status["ready"] = .int(verdict == nil ? Int64(active.filter(Workload.isReady).count) : 0)
        guard let live = store.get(jobs.key, name) else { return }
        writeStatus(jobs, live, .map(status))
        note(
            WorkloadChange(
                group: "batch", kind: "Job", namespace: name.namespace, name: name.name, ready: Int64(succeeded.count),
                desired: completions, updated: Int64(succeeded.count),
                available: verdict?.kind != "Failed", isSettled: Int64(succeeded.count) == completions,
                images: Workload.images(job.at("spec", "template", "spec", "containers"))))
    }

    private func isFinished(_ job: Value) -> Bool {
        Workload.condition(job, "Complete")?["status"] == "True" || Workload.condition(job, "Failed")?["status"] == "True"
    }

    /// A finished job goes by itself when it says so.
    private func expire(_ job: Value, _ name: ObjectName) {
        guard let seconds = job.at("spec", "ttlSecondsAfterFinished")?.int else { return }
        let ended = (Workload.condition(job, "Complete") ?? Workload.condition(job, "Failed"))?["lastTransitionTime"]?.string
        guard let end = ended.flatMap({ Timestamp(rfc3339: $0) }) else { return }
        let due = end + .seconds(seconds)
        if now < due { return after(due - now, .job(name)) }
        var options = DeleteOptions()
        options.propagation = .background
        _ = delete(job, jobs, options)
    }

    private func suspend(_ job: Value) {
        if Workload.condition(job, "Suspended")?["status"] == "True" { return }
        for pod in controlled(pods, by: job) where !pod.isTerminating { _ = delete(pod, pods, DeleteOptions()) }
        var status = job["status"] ?? [:]
        status.set(nil, "startTime")
        status["conditions"] = [
            [
                "type": "Suspended", "status": "True", "lastProbeTime": .string(stamp), "lastTransitionTime": .string(stamp),
                "reason": "JobSuspended", "message": "Job suspended",
            ]
        ]
        writeStatus(jobs, job, status)
    }
}
