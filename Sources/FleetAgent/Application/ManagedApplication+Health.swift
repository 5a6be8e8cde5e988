// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import KubernetesAPI
import Manifests

extension ManagedApplication {
    /// When to look into a workload's pods after it ceased to be Current; after these, once a minute.
    private static let podChecksAfter: [Duration] = [.seconds(1), .seconds(3), .seconds(7), .seconds(20)]

    private var healthTimeout: Duration { .milliseconds(task.options.healthTimeoutMilliseconds) }

    func rolledUp() -> ApplicationHealth {
        var health = ApplicationHealth(
            inventory.records.lazy.filter { $0.value.body != nil && !$0.value.ignoresHealth }.map {
                ($0.key, $0.value.health, $0.value.reason)
            })
        // What has not been applied yet counts, and is not there.
        if phase != .synced, phase != .held { health.total = max(health.total, task.bundle.entries.count - (plan?.hooks.count ?? 0)) }
        if let podReason, podReason.object == health.object { health.reason = "\(podReason.text) (\(health.reason))" }
        return health
    }

    /// Tells the coordinator, if anything it should know has changed.
    func tell() {
        let now = context.clock.now()
        var health = rolledUp()
        follow(health, now)
        health = health.judged(inProgressSince: inProgressSince, now: now, timeout: healthTimeout)
        var status = ApplicationReport.Health(health.status)
        if phase == .removed {
            status = .notFound
        } else if phase != .synced, phase != .held, health.status == .current {
            // Not everything is there yet; where nothing could be applied at all, nothing is known either.
            status = phase == .syncing || !inventory.records.isEmpty ? .inProgress : .unknown
        }
        let isApplied = phase == .synced || phase == .held
        let parts = [message, fightWords, isApplied && health.status != .current ? health.reason : ""]
        let text = parts.filter { !$0.isEmpty }.joined(separator: "; ")
        let isNew = told.map { $0.phase != phase || $0.health != status || $0.generation != task.generation } ?? true
        let report = ApplicationReport(
            application: name, generation: task.generation, bundle: task.bundle.digest, phase: phase, health: status,
            message: String(text.prefix(Report.textMax)), object: health.object?.description ?? "", objectsTotal: health.total,
            objectsCurrent: health.current, since: isNew ? now : told?.since ?? now)
        context.board.setReady(phase == .synced && status == .current, name)
        tellAt = nil
        guard mustTell || report != told else { return }
        if let told, told.generation == task.generation, told.phase == phase, told.health != status {
            if let later = damping.wait(at: now) {
                tellAt = later
                return
            }
            damping.told(at: now)
        }
        if let told, told.health != status, told.generation == task.generation, phase != .removed {
            context.reports.add(
                AgentEvent(
                    .healthChanged, at: now, application: name, object: report.object,
                    message: "\(told.health.rawValue) → \(status.rawValue)\(text.isEmpty ? "" : ": \(text)")"))
        }
        mustTell = false
        told = report
        context.reports.put(report, urgent: isNew)
    }

    /// Notes since when the application is on its way, and when to look for the reasons.
    private func follow(_ health: ApplicationHealth, _ now: Timestamp) {
        switch health.status {
        case .current:
            inProgressSince = nil
            podCheckAt = nil
            podChecks = 0
            podReason = nil
            explained = nil
        case .failed:
            inProgressSince = nil
            podChecks = 0
            // Why a pod has ended is known to itself only: looked up once.
            if explained != health.object { podCheckAt = now }
            explained = health.object
        case .inProgress, .notFound, .terminating, .unknown:
            explained = nil
            guard inProgressSince == nil else { return }
            inProgressSince = now
            podCheckAt = now + Self.podChecksAfter[0]
        }
    }

    /// When there is something to do that only time brings.
    func timeToLook() -> Timestamp? { [podCheckAt, healthDeadline(), tellAt].compactMap { $0 }.min() }

    /// When what is in progress will have failed.
    func healthDeadline() -> Timestamp? {
        guard let since = inProgressSince else { return nil }
        let end = since + healthTimeout
        return end > context.clock.now() ? end : nil
    }

    /// Looks into the pods of a workload that is not Current for a while, or has failed. Returns when to look again.
    func explain() async -> Timestamp? {
        guard let due = podCheckAt else { return nil }
        let now = context.clock.now()
        guard due <= now else { return due }
        // Past the timeout nothing new is learnt: the cluster is not polled.
        guard inProgressSince.map({ now - $0 < healthTimeout }) ?? true, let object = rolledUp().object,
            let record = inventory.records[object], let body = record.body
        else {
            podCheckAt = nil
            return nil
        }
        podChecks += 1
        let pause = podChecks < Self.podChecksAfter.count ? Self.podChecksAfter[podChecks] : .seconds(60)
        podCheckAt = inProgressSince == nil ? nil : now + pause
        do {
            let workload = try await context.desired(body, original: record.original).object
            guard let selector = PodReasons.selector(of: workload) else {
                podCheckAt = nil
                return nil
            }
            let found = try await lookIntoPods(selector, namespace: object.namespace)
            var reason = found.reason
            // What keeps pods from being made, or volumes from being mounted, is told in events only.
            if reason == nil, found.count == 0 { reason = try await warning(of: object.name, kind: object.kind, in: object.namespace) }
            if reason == nil, let creating = found.creating { reason = try await warning(of: creating, kind: "Pod", in: object.namespace) }
            if let reason { podReason = (object, reason) }
        } catch {
            (error as? KubernetesError).map(context.reachability.failed)
        }
        return podCheckAt
    }

    /// What the pods of a workload say: the reason that tells most, how many there are, and one that is being created.
    func lookIntoPods(_ selector: String, namespace: String) async throws -> (reason: String?, count: Int, creating: String?) {
        guard let pods = try await context.cluster.type(apiVersion: "v1", kind: "Pod") else { return (nil, 0, nil) }
        var best: PodReasons.Finding?
        var count = 0
        var creating: String?
        _ = try await context.cluster.client.list(pods, Selection(namespace: namespace, labelSelector: selector)) { pod in
            count += 1
            guard let finding = PodReasons.finding(in: pod) else {
                if pod.at("status", "phase")?.string == "Pending" { creating = pod.at("metadata", "name")?.string }
                return
            }
            if best.map({ finding.rank < $0.rank }) ?? true { best = finding }
        }
        return (best?.text, count, creating)
    }

    /// The newest warning among the cluster's events on an object.
    private func warning(of name: String, kind: String, in namespace: String) async throws -> String? {
        guard let events = try await context.cluster.type(apiVersion: "v1", kind: "Event") else { return nil }
        var newest: (time: String, text: String)?
        let selection = Selection(
            namespace: namespace, fieldSelector: "involvedObject.kind=\(kind),involvedObject.name=\(name),type=Warning")
        _ = try await context.cluster.client.list(events, selection) { event in
            let time = (event["lastTimestamp"]?.string ?? event["eventTime"]?.string) ?? ""
            guard newest.map({ $0.time <= time }) ?? true else { return }
            newest = (time, "\(event["reason"]?.string ?? "Warning"): \((event["message"]?.string ?? "").prefix(300))")
        }
        return newest?.text
    }
}
