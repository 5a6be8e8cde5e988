// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import Manifests

/// Answers what people and machines ask about this agent: whether it lives, whether it is ready, and its metrics.
struct AgentStatus: Sendable {
    let version: String
    let cluster: String
    let instance: String
    let meter: Meter
    let pulse: Pulse
    let standing: Standing
    let reports: ReportQueue
    let clock: AgentClock

    /// What is asked for by a path; `nil` where there is nothing.
    func answer(_ path: String) -> StatusAnswer? {
        switch path {
        case "/healthz": healthz
        case "/readyz": readyz
        case "/metrics": StatusAnswer(text: metrics, contentType: "text/plain; version=0.0.4; charset=utf-8")
        default: nil
        }
    }

    private var healthz: StatusAnswer {
        let stuck = pulse.stuck
        // No reason to be started again: what is wrong with the identity is mended elsewhere.
        let problem = meter.counts.identityProblem
        return stuck.isEmpty
            ? StatusAnswer(text: problem.isEmpty ? "ok\n" : "ok\nbut: \(problem)\n")
            : StatusAnswer(status: 503, text: "nothing was heard of these loops for too long: \(stuck.joined(separator: ", "))\n")
    }

    private var readyz: StatusAnswer {
        let standing = standing.now
        let counts = meter.counts
        func unready(_ why: String) -> StatusAnswer { StatusAnswer(status: 503, text: "\(why)\n") }
        if !self.standing.mayAct(at: clock.now()) {
            if !standing.problem.isEmpty { return unready(standing.problem) }
            guard standing.isKnown, !standing.holder.isEmpty, standing.holder != instance else {
                return unready("waits for the Lease")
            }
            return StatusAnswer(text: "ok: stands by for \(standing.holder)\n")
        }
        guard counts.isLoaded else { return unready("desired state has not been read from disk yet") }
        guard counts.isClusterReachable else { return unready("the API server does not answer") }
        return StatusAnswer(text: "ok: acts\n")
    }

    var metrics: String {
        var page = Exposition()
        addIdentity(&page)
        addApplications(&page)
        addWork(&page)
        addConnections(&page)
        let use = ProcessUse.now()
        page.add("process_cpu_seconds_total", .counter, "CPU time used, in seconds.", use.cpuSeconds)
        page.add("process_resident_memory_bytes", .gauge, "Memory in use.", Double(use.residentBytes))
        page.add("process_anonymous_memory_bytes", .gauge, "Memory in use that is not mapped from files.", Double(use.anonymousBytes))
        page.add("process_open_files", .gauge, "Open file descriptors.", Double(use.openFiles))
        return page.text
    }

    private func addIdentity(_ page: inout Exposition) {
        page.add(
            "build_info", .gauge, "The agent's version and its cluster; always 1.",
            [([("version", version), ("cluster", cluster), ("instance", instance)], 1)])
        let standing = standing.now
        page.add(
            "acting", .gauge, "Whether this agent acts: it holds the Lease, or runs without one.",
            self.standing.mayAct(at: clock.now()) ? 1 : 0)
        page.add(
            "lease_holder_info", .gauge, "Who holds the Lease as this agent last saw it; always 1.",
            standing.holder.isEmpty ? [] : [([("holder", standing.holder)], 1)])
        page.add("lease_transitions", .gauge, "The term of the Lease in which this agent acts or last acted.", Double(standing.term))
        page.add("terms_total", .counter, "How often this agent has begun to act.", Double(meter.counts.terms))
    }

    private func addApplications(_ page: inout Exposition) {
        let applications = reports.applications
        var phases: [ApplicationReport.Phase: Int] = [:]
        var healths: [ApplicationReport.Health: Int] = [:]
        var (objects, current) = (0, 0)
        for application in applications where application.phase != .removed {
            phases[application.phase, default: 0] += 1
            healths[application.health, default: 0] += 1
            objects += application.objectsTotal
            current += application.objectsCurrent
        }
        page.add(
            "applications", .gauge, "Applications by the phase of their sync.",
            ApplicationReport.Phase.allCases.filter { $0 != .removed }.map { ([("phase", $0.rawValue)], Double(phases[$0] ?? 0)) })
        page.add(
            "applications_health", .gauge, "Applications by their health.",
            ApplicationReport.Health.allCases.map { ([("health", $0.rawValue)], Double(healths[$0] ?? 0)) })
        page.add("objects", .gauge, "Objects that are managed.", Double(objects))
        page.add("objects_current", .gauge, "Objects that are managed and healthy.", Double(current))
    }

    private func addWork(_ page: inout Exposition) {
        let counts = meter.counts
        func total(_ name: String, _ kind: AgentEvent.Kind, _ help: String) {
            page.add(name, .counter, help, Double(counts.events[kind] ?? 0))
        }
        page.add(
            "objects_applied_total", .counter, "Objects applied, for syncs and to heal.", Double(counts.objectsApplied))
        total("syncs_total", .applied, "Syncs of applications that succeeded.")
        total("sync_failures_total", .applyFailed, "Syncs of applications that failed.")
        total("prunes_total", .pruned, "Objects deleted because a release dropped them.")
        total("prunes_held_total", .pruneHeld, "Prunes that wait for a person.")
        total("drifts_total", .drift, "Differences found between what was applied and what was there.")
        total("heals_total", .healed, "Differences that were mended.")
        total("heal_failures_total", .healFailed, "Differences that could not be mended.")
        page.add("heal_duration_seconds", "From seeing a difference to having mended it.", counts.heals)
        page.add("watch_restarts_total", .counter, "Watches that were begun anew.", Double(counts.watchRestarts))
        total("cluster_outages_total", .clusterUnreachable, "Times at which the API server ceased to answer.")
    }

    private func addConnections(_ page: inout Exposition) {
        let counts = meter.counts
        let now = clock.now()
        func age(_ time: Timestamp?) -> Double { time.map { Double((now - $0).wholeMilliseconds) / 1_000 } ?? .nan }
        page.add("cluster_reachable", .gauge, "Whether the API server answers.", counts.isClusterReachable ? 1 : 0)
        page.add("coordinator_reachable", .gauge, "Whether the last poll was answered.", counts.isCoordinatorReachable ? 1 : 0)
        page.add(
            "certificate_expiry_seconds", .gauge, "Until the agent's certificate ends, by this machine's clock; NaN without one.",
            counts.certificateEnds.map { Double(($0 - clock.wall()).wholeMilliseconds) / 1_000 } ?? .nan)
        page.add(
            "certificate_renewal_failures_total", .counter, "Attempts to renew the certificate that failed.",
            Double(counts.renewalFailures))
        page.add(
            "coordinator_refuses", .gauge,
            "Whether the coordinator does not accept this agent: its certificate was revoked, or is another's.",
            counts.isRefused ? 1 : 0)
        page.add("polls_total", .counter, "Polls that the coordinator answered.", Double(counts.polls))
        page.add("poll_failures_total", .counter, "Polls that failed.", Double(counts.pollFailures))
        page.add("reports_total", .counter, "Reports that the coordinator has.", Double(counts.reports))
        page.add("last_poll_age_seconds", .gauge, "Since the last poll that was answered; NaN before the first.", age(counts.polledAt))
        page.add("last_report_age_seconds", .gauge, "Since the last report was delivered; NaN before the first.", age(counts.reportedAt))
        let waiting = reports.waiting
        page.add("events_waiting", .gauge, "Events that the coordinator has not been told yet.", Double(waiting.events))
        page.add("events_dropped_total", .counter, "Events that were given up as too many waited.", Double(waiting.dropped))
    }
}
