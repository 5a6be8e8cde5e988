// SPDX-License-Identifier: Apache-2.0

/// Where in the fleet something is permitted: several scopes, which add up.
struct Reach: Sendable, Hashable {
    /// Pipelines and environments, both at once: a stage is in it where its pipeline and its environment are.
    struct Scope: Sendable, Hashable {
        /// `nil` is every pipeline, and what belongs to none.
        var pipelines: Set<String>?
        /// `nil` is every environment, and what belongs to none.
        var environments: Set<String>?

        static let everything = Scope()

        var isUnlimited: Bool { pipelines == nil && environments == nil }

        func covers(pipeline: String) -> Bool { pipelines?.contains(pipeline) ?? true }

        func covers(environment: String?) -> Bool {
            guard let environments else { return true }
            return environment.map(environments.contains) ?? false
        }

        func covers(_ pipeline: String, _ environment: String) -> Bool {
            covers(pipeline: pipeline) && covers(environment: environment)
        }

        /// All that is in the environment, whatever the pipeline: its clusters as a whole.
        func coversAll(of environment: String?) -> Bool { pipelines == nil && covers(environment: environment) }

        /// What both cover.
        func narrowed(to other: Scope) -> Scope {
            func both(_ left: Set<String>?, _ right: Set<String>?) -> Set<String>? {
                guard let left else { return right }
                return right.map(left.intersection) ?? left
            }
            return Scope(pipelines: both(pipelines, other.pipelines), environments: both(environments, other.environments))
        }

        /// Nothing can be in it.
        var isEmpty: Bool { pipelines?.isEmpty == true || environments?.isEmpty == true }
    }

    /// None of them is empty; an unlimited one stands alone.
    let scopes: [Scope]

    init(_ scopes: [Scope]) {
        if scopes.contains(where: \.isUnlimited) {
            self.scopes = [.everything]
        } else {
            var seen: Set<Scope> = []
            self.scopes = scopes.filter { !$0.isEmpty && seen.insert($0).inserted }
        }
    }

    static let everywhere = Reach([.everything])
    static let nowhere = Reach([])

    var isUnlimited: Bool { scopes.first?.isUnlimited ?? false }
    var isNowhere: Bool { scopes.isEmpty }

    func covers(_ pipeline: String, _ environment: String) -> Bool { scopes.contains { $0.covers(pipeline, environment) } }
    func coversAll(of environment: String?) -> Bool { scopes.contains { $0.coversAll(of: environment) } }
    func coversAll(ofPipeline pipeline: String) -> Bool { scopes.contains { $0.environments == nil && $0.covers(pipeline: pipeline) } }

    /// Whether anything of the environment is covered: the whole of it, or a stage that a pipeline has there.
    /// - Parameter pipelines: those that have a stage in the environment.
    func touches(environment: String?, pipelines: [String]) -> Bool {
        scopes.contains { scope in
            guard scope.covers(environment: environment) else { return false }
            return scope.pipelines == nil || environment != nil && pipelines.contains { scope.covers(pipeline: $0) }
        }
    }
}
