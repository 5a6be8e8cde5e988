// SPDX-License-Identifier: Apache-2.0
import Manifests

/// Targets of one recipe that nothing known serves yet.
struct RenderWork: Sendable {
    let recipe: Recipe
    /// Indexes of targets.
    var targets: [Int]
    /// All known renders of the recipe were compared, in vain.
    var isSearched = false
    /// Bytes to reserve, for a render that did not fit into what there was.
    var reservation = RenderBatch.reservation
}

/// Work of some recipes, done one after the other on one thread.
///
/// It stops early when it has gathered much, or has taken long: what is left goes back in line, so that a slow render delays only itself.
struct RenderBatch: Sendable {
    /// Bytes that a render takes, as a multiple of the files that it reads: text, parsed documents and copies in engines.
    static let bytesPerByteRead = 16
    /// Bytes reserved for a batch to begin with.
    static let reservation = 16 << 20
    /// Bytes of objects gathered before they are stored.
    static let outputMax = 8 << 20
    static let timeMax: Duration = .seconds(1)

    /// A render was to take more than there is at the moment.
    struct OutOfBudget: Error { var bytes: Int }

    struct Done: Sendable {
        /// Served by renders known before.
        var settled: [(recipe: Recipe, targets: [Int], render: KnownRender)] = []
        var made = MadeRenders()
        /// The targets of each new render.
        var targets: [[Int]] = []
        var rest: [RenderWork] = []
    }

    let work: [RenderWork]
    /// Known renders whose reads hold at the tree.
    let valid: [Recipe: KnownRenders]
    let facts: [ClusterFacts]
    /// The facts of each target.
    let factsOf: [Int]
    let limits: RenderLimits
    let lease: ByteBudget.Lease

    func run(in tree: some FileTree) throws -> Done {
        var done = Done()
        var outputBytes = 0
        let begin = ContinuousClock.now
        for (index, work) in work.enumerated() {
            if index > 0, outputBytes > Self.outputMax || ContinuousClock.now - begin > Self.timeMax {
                done.rest.append(work)
                continue
            }
            var work = work
            if !work.isSearched { settle(&work, &done) }
            guard let first = work.targets.first else { continue }
            let attempt: RenderAttempt
            do {
                attempt = try render(work.recipe, facts[factsOf[first]], tree, outputBytes)
            } catch let error as OutOfBudget {
                work.reservation = max(work.reservation * 2, error.bytes)
                done.rest.append(work)
                continue
            }
            outputBytes += keep(attempt, &done.made)
            let split = Divergence.split(work.targets, by: attempt.trace.answers) { facts[factsOf[$0]] }
            done.targets.append(split.same)
            done.rest += split.others.map { RenderWork(recipe: work.recipe, targets: $0, isSearched: true) }
        }
        return done
    }

    /// Serves the targets for which a known render holds.
    private func settle(_ work: inout RenderWork, _ done: inout Done) {
        work.isSearched = true
        guard let known = valid[work.recipe] else { return }
        var served: [Int64: Int] = [:]
        var left: [Int] = []
        for target in work.targets {
            let match = known.matching(facts[factsOf[target]]).first
            guard let match else {
                left.append(target)
                continue
            }
            if let place = served[match.id] {
                done.settled[place].targets.append(target)
            } else {
                served[match.id] = done.settled.count
                done.settled.append((work.recipe, [target], match))
            }
        }
        work.targets = left
    }

    private func render(_ recipe: Recipe, _ facts: ClusterFacts, _ tree: some FileTree, _ outputBytes: Int) throws -> RenderAttempt {
        var input = 0
        return try Renderer.attempt(recipe, facts, from: tree, limits: limits) { bytes in
            input += bytes
            let needed = outputBytes * 2 + input * Self.bytesPerByteRead
            guard lease.covers(needed) else { throw OutOfBudget(bytes: needed) }
        }
    }

    /// - Returns: the bytes that this adds.
    private func keep(_ attempt: RenderAttempt, _ made: inout MadeRenders) -> Int {
        var bytes = 0
        let result = attempt.result.map { rendered in
            rendered.objects.map { object in
                if made.objects[object.digest] == nil {
                    made.objects[object.digest] = MadeRenders.Content(bytes: object.bytes, isReadableSecret: object.isReadableSecret)
                    bytes += object.bytes.count
                }
                if let original = object.original {
                    let known = made.originals[original.digest]
                    if known == nil { bytes += original.bytes.count }
                    // A file that has readable values for one object has them for all.
                    made.originals[original.digest] = MadeRenders.Content(
                        bytes: original.bytes, isReadableSecret: object.isReadableSecret || known?.isReadableSecret == true)
                }
                return MadeRenders.Member(object: object.digest, original: object.original?.digest)
            }
        }
        made.renders.append(MadeRenders.Render(trace: attempt.trace, result: result))
        return bytes
    }
}
