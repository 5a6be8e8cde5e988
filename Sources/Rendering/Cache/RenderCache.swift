// SPDX-License-Identifier: Apache-2.0
package import Manifests
import Synchronization

/// One application for one cluster.
package struct RenderTarget: Sendable, Hashable {
    package let recipe: Recipe
    /// The index of the cluster's facts.
    package let facts: Int

    package init(recipe: Recipe, facts: Int) {
        self.recipe = recipe
        self.facts = facts
    }
}

/// A branch that is followed, and whether what is planned is its new head.
package struct RenderLine: Sendable, Hashable {
    package let name: String
    /// Whether the line is to stand at the tree afterwards; otherwise it only lends what holds at its own.
    package let moves: Bool

    package init(name: String, moves: Bool) {
        self.name = name
        self.moves = moves
    }
}

/// Renders that were done, each good as long as everything that it read gives the same answers; and the doing of new ones.
///
/// A move from one tree to another costs what differs: the changed paths name the questions whose answers may be others, an index names the
/// sets of reads that ask them, and only those are compared with the new tree. All other renders keep standing without being looked at.
/// A target that nothing standing serves is compared with what its recipe has read before (a revert finds what it was), and rendered only
/// when none of that holds. Failures are kept like results.
package final class RenderCache: Sendable {
    package struct Resolution: Sendable {
        /// By target.
        package fileprivate(set) var outcomes: [RenderOutcome] = []
        package fileprivate(set) var renders = 0
        /// Targets that needed no render of their own.
        package fileprivate(set) var hits = 0
        /// Standing sets of reads that a question of the change concerned, and those of them that no longer hold.
        package fileprivate(set) var compared = 0
        package fileprivate(set) var affected = 0
        /// Until the affected ones were known.
        package fileprivate(set) var comparing: Duration = .zero
        /// For everything.
        package fileprivate(set) var elapsed: Duration = .zero
    }

    /// Renders held in memory, over all lines; beyond that they are looked up again.
    package static let heldMax = 400_000
    private static let lookUpMax = 2_000
    private static let batchMax = 256
    private static let usedWithin: Duration = .seconds(86_400)

    private let records: any RenderRecords
    let trees: any RenderTrees
    let limits: RenderLimits
    let budget: ByteBudget
    private let width: Int
    private let held = Mutex<[String: Standing]>([:])

    /// - Parameters:
    ///   - memory: bytes that renders may take at once, as estimated from the sizes of what they read.
    ///   - width: batches of renders at work at once.
    package init(
        records: any RenderRecords, trees: any RenderTrees, memory: Int = 512 << 20, width: Int = 4, limits: RenderLimits = .standard
    ) {
        self.records = records
        self.trees = trees
        self.limits = limits
        self.width = max(1, width)
        budget = ByteBudget(bytes: memory)
    }

    /// What each target gets at `tree`.
    package func resolve(
        _ targets: [RenderTarget], facts: [ClusterFacts], at tree: String, line: RenderLine, now: Timestamp
    ) async throws -> Resolution {
        let begin = ContinuousClock.now
        var run = Run(targets: targets, facts: facts, tree: tree, line: line, now: now, standing: Standing(tree: tree))
        try await look(&run)
        run.resolution.comparing = ContinuousClock.now - begin
        try await load(&run)
        let work = match(&run)
        try await perform(work, &run)
        try await touch(&run)
        keep(run.standing, of: line.name)
        run.resolution.outcomes = run.outcomes.compactMap(\.self)
        run.resolution.hits = targets.count - run.resolution.renders
        run.resolution.elapsed = ContinuousClock.now - begin
        return run.resolution
    }

    /// Forgets what is held in memory; what is kept stays kept.
    package func forget() { held.withLock { $0 = [:] } }

    private struct Run {
        let targets: [RenderTarget]
        let facts: [ClusterFacts]
        let tree: String
        let line: RenderLine
        let now: Timestamp
        var standing: Standing
        /// Standing at the line's tree, but not here.
        var excluded: Set<Int64> = []
        /// Where the line was when those were found that it may lend.
        var lent: LinePlace?
        /// Nothing of what stands at the line's tree is known to hold here.
        var excludesAll = false
        var outcomes: [RenderOutcome?] = []
        var used: [Int64] = []
        var resolution = Resolution()

        var standsHere: Bool { standing.tree == tree }
    }

    // MARK: - What still holds

    /// Finds out which of the renders that stand at the line's tree hold at this one, and moves the line on if it is to.
    private func look(_ run: inout Run) async throws {
        // Another coordinator may move the line at any moment; then what was found is about another place, and is found again.
        for _ in 0..<3 where try await lookOnce(&run) { return }
        run.standing = Standing(tree: run.tree)
    }

    /// - Returns: whether the line was where it was thought to be.
    private func lookOnce(_ run: inout Run) async throws -> Bool {
        let line = run.line.name
        guard let place = try await records.place(of: line) else {
            run.standing = Standing(tree: run.tree)
            guard run.line.moves else { return true }
            return try await advance(&run, from: nil, forgetting: [])
        }
        let held = held.withLock { $0.removeValue(forKey: line) }
        run.standing = held.flatMap { $0.place?.moves == place.moves ? $0 : nil } ?? Standing(place: place)
        guard place.tree != run.tree else { return true }
        guard let changes = try await trees.changes(from: place.tree, to: run.tree) else {
            run.excludesAll = !run.line.moves
            return try await run.excludesAll ? true : advance(&run, from: place, forgetting: nil)
        }
        let asking = try await records.asking(ChangedQuestions.keys(of: changes), of: line)
        let fallen = try await fallen(of: asking, at: run.tree)
        run.resolution.compared = asking.count
        run.resolution.affected = fallen.count
        if run.line.moves { return try await advance(&run, from: place, forgetting: fallen) }
        run.excluded = Set(fallen)
        run.lent = place
        return true
    }

    private func advance(_ run: inout Run, from place: LinePlace?, forgetting fallen: [Int64]?) async throws -> Bool {
        guard let next = try await records.advance(run.line.name, from: place, to: run.tree, forgetting: fallen, now: run.now) else {
            return false
        }
        if let fallen, place != nil {
            run.standing.move(to: next, without: fallen)
        } else {
            run.standing = Standing(place: next)
        }
        return true
    }

    private func fallen(of asking: [Int64], at tree: String) async throws -> [Int64] {
        var fallen: [Int64] = []
        for start in stride(from: 0, to: asking.count, by: Self.lookUpMax) {
            let ids = Array(asking[start..<min(start + Self.lookUpMax, asking.count)])
            let kept = try await records.reads(ids)
            let holding = try await trees.read(tree) { tree in
                Set(try kept.filter { try $0.reads.holds(in: tree) }.map(\.id))
            }
            fallen += ids.filter { !holding.contains($0) }
        }
        return fallen
    }

    /// Looks up the standing renders of recipes that are not in memory.
    private func load(_ run: inout Run) async throws {
        guard let place = run.standing.place, !run.excludesAll else { return }
        var seen: Set<Recipe> = []
        let missing = run.targets.map(\.recipe).filter { !run.standing.knows($0) && seen.insert($0).inserted }
        for start in stride(from: 0, to: missing.count, by: Self.lookUpMax) {
            let recipes = Array(missing[start..<min(start + Self.lookUpMax, missing.count)])
            let found = try await records.standing(recipes, of: run.line.name, at: place)
            let byRecipe = Dictionary(grouping: found, by: \.recipe)
            for recipe in recipes { run.standing.load(recipe, byRecipe[recipe]?.map(\.render) ?? []) }
        }
        // What the line has learnt since was not compared with this tree.
        if let lent = run.lent, try await records.place(of: run.line.name) != lent { run.excludesAll = true }
    }

    /// Serves the targets for which something stands; returns the work that is left, by recipe.
    private func match(_ run: inout Run) -> [RenderWork] {
        run.outcomes = Array(repeating: nil, count: run.targets.count)
        var work: [RenderWork] = []
        var places: [Recipe: Int] = [:]
        for (index, target) in run.targets.enumerated() {
            if !run.excludesAll, let render = run.standing.render(target.recipe, for: run.facts[target.facts], excluding: run.excluded) {
                settle([index], render, &run)
            } else if let place = places[target.recipe] {
                work[place].targets.append(index)
            } else {
                places[target.recipe] = work.count
                work.append(RenderWork(recipe: target.recipe, targets: [index]))
            }
        }
        return work
    }

    private func settle(_ targets: [Int], _ render: KnownRender, _ run: inout Run) {
        for target in targets { run.outcomes[target] = render.outcome }
        if run.now - render.usedAt > Self.usedWithin { run.used.append(render.id) }
    }

    // MARK: - Rendering

    private func perform(_ work: [RenderWork], _ run: inout Run) async throws {
        var pending = work[...]
        var running = 0
        try await withThrowingTaskGroup(of: Finished.self) { group in
            while true {
                while running < width, !pending.isEmpty {
                    let count = min(Self.batchMax, max(1, (pending.count + width - 1) / width))
                    let batch = Array(pending.prefix(count))
                    pending = pending.dropFirst(count)
                    let job = Job(work: batch, facts: run.facts, factsOf: run.targets.map(\.facts), tree: run.tree, now: run.now)
                    let line = run.standsHere ? run.standing.place.map { (run.line.name, $0) } : nil
                    group.addTask { try await self.perform(job, line: line) }
                    running += 1
                }
                guard running > 0, let finished = try await group.next() else { return }
                running -= 1
                absorb(finished, &run)
                pending += finished.done.rest
            }
        }
    }

    private struct Job: Sendable {
        let work: [RenderWork]
        let facts: [ClusterFacts]
        let factsOf: [Int]
        let tree: String
        let now: Timestamp
    }

    private struct Finished: Sendable {
        var done: RenderBatch.Done
        var added: AddedRenders?
    }

    private func perform(_ job: Job, line: (name: String, place: LinePlace)?) async throws -> Finished {
        let found = try await valid(job.work.filter { !$0.isSearched }.map(\.recipe), at: job.tree)
        let lease = await budget.acquire(job.work.map(\.reservation).max() ?? RenderBatch.reservation)
        defer { lease.release() }
        let batch = RenderBatch(
            work: job.work, valid: Dictionary(grouping: found, by: \.recipe).mapValues { KnownRenders($0.map(\.render)) },
            facts: job.facts, factsOf: job.factsOf, limits: limits, lease: lease)
        var done = try await trees.read(job.tree) { tree in try batch.run(in: tree) }
        let revived = Array(Set(done.settled.map(\.render.reads)))
        guard !done.made.renders.isEmpty || !revived.isEmpty else { return Finished(done: done, added: nil) }
        let added = try await records.add(done.made, revived: revived, to: line, now: job.now)
        // The bytes are stored: what waits to be absorbed holds none.
        done.made.objects = [:]
        done.made.originals = [:]
        return Finished(done: done, added: added)
    }

    /// All known renders of these recipes whose reads hold at a tree, however long ago they were done.
    private func valid(_ recipes: [Recipe], at tree: String) async throws -> [KeptRender] {
        guard !recipes.isEmpty else { return [] }
        let reads = try await records.reads(of: recipes)
        guard !reads.isEmpty else { return [] }
        let fallen = Set(try await fallen(of: reads, at: tree))
        let holding = reads.filter { !fallen.contains($0) }
        return holding.isEmpty ? [] : try await records.renders(recipes, reading: holding)
    }

    private func absorb(_ finished: Finished, _ run: inout Run) {
        let stand = run.standsHere && finished.added?.stand == true
        for (recipe, targets, render) in finished.done.settled {
            settle(targets, render, &run)
            if stand { run.standing.add(render, for: recipe) }
        }
        for (index, render) in (finished.added?.renders ?? []).enumerated() {
            run.resolution.renders += 1
            settle(finished.done.targets[index], render, &run)
            if stand { run.standing.add(render, for: finished.done.made.renders[index].trace.recipe) }
        }
    }

    // MARK: - Afterwards

    private func touch(_ run: inout Run) async throws {
        guard !run.used.isEmpty else { return }
        try await records.touch(run.used, now: run.now)
    }

    private func keep(_ standing: Standing, of line: String) {
        held.withLock { held in
            held[line] = nil
            // Other lines go first; one that is too large by itself is looked up each time.
            if held.values.reduce(standing.count, { $0 + $1.count }) > Self.heldMax { held = [:] }
            if standing.count <= Self.heldMax, standing.place != nil { held[line] = standing }
        }
    }
}
