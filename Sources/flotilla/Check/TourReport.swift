// SPDX-License-Identifier: Apache-2.0
import Manifests

/// What a tour saw.
struct TourReport: Sendable {
    struct Step: Sendable {
        var name: String
        var isGood: Bool
        var seconds: Double
        /// What was seen, or why it failed.
        var detail: String
    }

    struct AgentMemory: Sendable {
        var cluster: String
        var process: Int32
        var memory: ProcessMemory
    }

    /// Steps that a tour has; a report with fewer is of a tour that ended early.
    let stepCount: Int
    var steps: [Step] = []
    /// From the push of a commit to its health in every cluster, by environment; where an approval is needed, it was given at once.
    var commitToHealthySeconds: [(environment: String, seconds: Double)] = []
    var approvalToHealthySeconds: [(environment: String, seconds: Double)] = []
    /// From an edit in a cluster to its correction, with the coordinator there and without it.
    var driftHealedMilliseconds: [Double] = []
    var driftHealedAloneMilliseconds: [Double] = []
    var agents: [AgentMemory] = []

    init(stepCount: Int) { self.stepCount = stepCount }

    var isGood: Bool { steps.count == stepCount && steps.allSatisfy(\.isGood) }

    /// The report for programs.
    var document: Value {
        func seconds(_ pairs: [(environment: String, seconds: Double)]) -> Value {
            .map(Map(pairs.map { ($0.environment, Self.number($0.seconds, 3)) }))
        }
        return [
            "ok": .bool(isGood),
            "steps": .list(
                steps.map { step in
                    [
                        "name": .string(step.name), "ok": .bool(step.isGood), "seconds": Self.number(step.seconds, 3),
                        "detail": .string(step.detail),
                    ]
                }),
            "commitToHealthySeconds": seconds(commitToHealthySeconds),
            "approvalToHealthySeconds": seconds(approvalToHealthySeconds),
            "driftHealedMilliseconds": .list(driftHealedMilliseconds.map { Self.number($0, 1) }),
            "driftHealedWithoutCoordinatorMilliseconds": .list(driftHealedAloneMilliseconds.map { Self.number($0, 1) }),
            "agents": .list(
                agents.map { agent in
                    [
                        "cluster": .string(agent.cluster), "process": .int(Int64(agent.process)),
                        "anonymousKiB": .int(agent.memory.anonymousKiB), "residentKiB": .int(agent.memory.residentKiB),
                    ]
                }),
        ]
    }

    /// The report for people.
    func text(style: Style) -> String {
        var table = Table(["STEP", "", "SECONDS", "SEEN"])
        for step in steps {
            table.append([step.name, step.isGood ? "done" : "failed", Self.fixed(step.seconds, 1), Self.oneLine(step.detail)])
        }
        var text = table.text(style: style) + "\n"
        for (environment, seconds) in commitToHealthySeconds {
            text += "From commit to healthy in \(environment): \(Self.fixed(seconds, 2)) s"
            let approved = approvalToHealthySeconds.first { $0.environment == environment }
            text += approved.map { " (\(Self.fixed($0.seconds, 2)) s from its approval)\n" } ?? "\n"
        }
        let drifts = driftHealedMilliseconds + driftHealedAloneMilliseconds
        if !drifts.isEmpty { text += "From drift to healed: \(drifts.map { Self.fixed($0, 1) }.joined(separator: ", ")) ms\n" }
        for agent in agents {
            text += "Agent of \(agent.cluster): \(agent.memory.anonymousKiB) KiB anonymous, \(agent.memory.residentKiB) KiB resident\n"
        }
        let isGood = isGood
        return text + style.paint(isGood ? "All of it worked." : "Not all of it worked.", isGood ? .good : .bad) + "\n"
    }

    private static func oneLine(_ text: String) -> String { text.split(separator: "\n").first.map(String.init) ?? "" }

    /// A number with so many digits after its point.
    static func fixed(_ number: Double, _ digits: Int) -> String {
        let scale = (0..<digits).reduce(1.0) { scale, _ in scale * 10 }
        let whole = Int64((abs(number) * scale).rounded())
        let text = String(whole)
        let padded = String(repeating: "0", count: max(0, digits + 1 - text.count)) + text
        let sign = number < 0 && whole != 0 ? "-" : ""
        return sign + padded.dropLast(digits) + (digits > 0 ? "." + padded.suffix(digits) : "")
    }

    private static func number(_ value: Double, _ digits: Int) -> Value { (try? JSON.read(fixed(value, digits))) ?? .null }
}
