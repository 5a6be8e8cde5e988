// SPDX-License-Identifier: Apache-2.0
package import Manifests
package import Rendering

/// Renders everything anew each time, and counts what a perfect memory would have had to do: one render for each set of answers that was
/// never given before.
package struct RenderOracle {
    package struct Expectation {
        package var outcomes: [RenderOutcome] = []
        /// The fewest renders that can do.
        package var renders = 0
        /// How many targets can be rendered.
        package var successes = 0
    }

    private var given: Set<String> = []
    private let bundle: ([Digest]) -> Digest

    /// - Parameter bundle: the digest of a list of objects.
    package init(bundle: @escaping ([Digest]) -> Digest) { self.bundle = bundle }

    package mutating func look(at world: RandomWorld) throws -> Expectation {
        var expectation = Expectation()
        let before = given.count
        let tree = world.tree
        for target in world.targets {
            let attempt = try Renderer.attempt(target.recipe, world.clusters[target.facts], from: tree)
            let reads = attempt.trace.reads.reads.map { "\($0.kind) \($0.path) \($0.found)" }
            let answers = attempt.trace.answers.map { "\($0.question) \($0.value.debugDescription)" }.sorted()
            given.insert("\(target.recipe)\n\(reads)\n\(answers)")
            switch attempt.result {
            case .success(let rendered):
                expectation.successes += 1
                expectation.outcomes.append(.bundle(bundle(rendered.objects.map(\.digest))))
            case .failure(let failure): expectation.outcomes.append(.failure(failure))
            }
        }
        expectation.renders = given.count - before
        return expectation
    }
}
