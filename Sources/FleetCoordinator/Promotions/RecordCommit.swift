// SPDX-License-Identifier: Apache-2.0
import Manifests
import Promotion

/// The message of a record: what `git log` of an environment branch shows. The format is described in `docs/reference/formats.md`.
struct RecordMessage: Sendable, Equatable {
    static let promotionKey = "Flotilla-Promotion"
    static let pipelineKey = "Flotilla-Pipeline"
    static let environmentKey = "Flotilla-Environment"
    static let releaseKey = "Flotilla-Release"
    static let originKey = "Flotilla-Origin"
    static let fleetKey = "Flotilla-Fleet"
    static let engineKey = "Flotilla-Engine"
    static let capabilitiesKey = "Flotilla-Capabilities"
    static let renderedKey = "Flotilla-Rendered"
    static let gateKey = "Flotilla-Gate"
    static let approvedByKey = "Flotilla-Approved-By"

    var candidate: Candidate
    var stage: StageID
    var approvals: [Approval]
    var evidence: [String]
    var engine: String
    var capabilities: Digest

    var text: String {
        let verb = candidate.origin == .rollback ? "Roll back" : "Promote"
        let link = candidate.origin == .rollback ? "in" : "to"
        let release = candidate.release.prefix(7)
        let subject =
            candidate.origin == .rollback
            ? "\(verb) \(stage.pipeline) to \(release) \(link) \(stage.environment)"
            : "\(verb) \(stage.pipeline) \(release) \(link) \(stage.environment)"
        var lines = [
            subject, "",
            "\(Self.promotionKey): \(candidate.id)",
            "\(Self.pipelineKey): \(stage.pipeline)",
            "\(Self.environmentKey): \(stage.environment)",
            "\(Self.releaseKey): \(candidate.release)",
            "\(Self.originKey): \(candidate.origin.rawValue)",
            "\(Self.fleetKey): \(candidate.fleet)",
            "\(Self.engineKey): \(engine)",
            "\(Self.capabilitiesKey): \(capabilities)",
            "\(Self.renderedKey): \(candidate.root)",
        ]
        lines += evidence.map { "\(Self.gateKey): \(Self.oneLine($0))" }
        lines += approvals.map { "\(Self.approvedByKey): \(Self.oneLine($0.by)) \($0.at.rfc3339)" }
        return lines.joined(separator: "\n") + "\n"
    }

    /// A trailer is one line: what people type must not be able to forge another.
    static func oneLine(_ text: String) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.map { $0.properties.generalCategory == .control ? " " : $0 }).prefix(500))
    }
}

/// Where records and journals live in the pipeline's repository.
enum Branches {
    static func environment(_ stage: StageID) -> String { "flotilla/\(stage.pipeline)/\(stage.environment)" }
    static func journal(pipeline: String) -> String { "flotilla-journal/\(pipeline)" }
    /// What belongs to no pipeline. A pipeline of this name shares it: `state.json` has room for both.
    static let fleetJournal = "flotilla-journal/fleet"
    /// Keeps a promoted release reachable, whatever happens to its branch.
    static func release(_ commit: String) -> String { "refs/flotilla/releases/\(commit)" }
}
