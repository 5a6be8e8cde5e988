// SPDX-License-Identifier: Apache-2.0
import PostgresClient

/// What of the fleet a reader sees, worked out against the stages that there are: lists are narrowed to it within their statements.
///
/// Whoever sees everything runs the statements without any condition.
enum Sight: Sendable {
    case everything
    case part(Part)

    struct Part: Sendable {
        var stages: [Spot.Stage]
        /// Pipelines of these stages.
        var pipelines: [String]
        /// Environments of these stages, and those that are covered as a whole: the clusters that are seen are in one of them.
        var environments: [String]
        /// Environments that are covered whatever the pipeline.
        var wholeEnvironments: [String]

        func pipelines(in environment: String) -> [String] { stages.filter { $0.environment == environment }.map(\.pipeline) }
    }

    static func of(_ session: Session, _ reach: Reach) throws -> Sight {
        if reach.isUnlimited { return .everything }
        let stages = reach.isNowhere ? [] : try AccessRows.stages(session).filter { reach.covers($0.pipeline, $0.environment) }
        let whole = Set(reach.scopes.filter { $0.pipelines == nil }.flatMap { $0.environments ?? [] })
        return .part(
            Part(
                stages: stages, pipelines: Set(stages.map(\.pipeline)).sorted(),
                environments: whole.union(stages.map(\.environment)).sorted(), wholeEnvironments: whole.sorted()))
    }

    var part: Part? { if case .part(let part) = self { part } else { nil } }

    func sees(_ pipeline: String, _ environment: String) -> Bool {
        part.map { $0.stages.contains(Spot.Stage(pipeline: pipeline, environment: environment)) } ?? true
    }

    func sees(pipeline: String) -> Bool { part.map { $0.pipelines.contains(pipeline) } ?? true }
    func sees(environment: String) -> Bool { part.map { $0.environments.contains(environment) } ?? true }

    // MARK: - In statements

    /// ` and …`: rows whose stage is seen, by the names of the two columns; empty where everything is.
    func stages(_ pipeline: String, _ environment: String, _ parameters: inout [PostgresValue]) -> String {
        guard let part else { return "" }
        return " and (\(pipeline), \(environment)) in (select * from \(Self.add(part.stages, to: &parameters)))"
    }

    /// ` and …`: rows whose pipeline is seen.
    func pipelines(_ column: String, _ parameters: inout [PostgresValue]) -> String {
        part.map { " and \(column) = any(\(Self.add($0.pipelines, to: &parameters)))" } ?? ""
    }

    /// ` and …`: rows whose environment is seen.
    func environments(_ column: String, _ parameters: inout [PostgresValue]) -> String {
        part.map { " and \(column) = any(\(Self.add($0.environments, to: &parameters)))" } ?? ""
    }

    /// `unnest($3::text[], $4::text[])`: the stages as rows.
    static func add(_ stages: [Spot.Stage], to parameters: inout [PostgresValue]) -> String {
        "unnest(\(add(stages.map(\.pipeline), to: &parameters)), \(add(stages.map(\.environment), to: &parameters)))"
    }

    /// `$3::text[]`
    static func add(_ texts: [String], to parameters: inout [PostgresValue]) -> String {
        parameters.append(.textArray(texts))
        return "$\(parameters.count)::text[]"
    }
}

extension Store {
    /// Reads as somebody who may read so far.
    func read<T: Sendable>(as reach: Reach, _ body: @escaping @Sendable (Session, Sight) throws -> T) async throws -> T {
        try await database.read { session in try body(session, try Sight.of(session, reach)) }
    }
}
