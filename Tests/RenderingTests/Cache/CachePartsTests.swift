// SPDX-License-Identifier: Apache-2.0
import Manifests
import RandomRepositories
import Testing

@testable import Rendering

struct ChangedQuestionsTests {
    @Test func aChangedFileConcernsItsPathOnly() {
        let keys = ChangedQuestions.keys(of: [ChangedPath(path: "a/b/c.yaml", kind: .modified)])
        #expect(keys == [TreeRead.key(.entry, "a/b/c.yaml"), TreeRead.key(.content, "a/b/c.yaml")])
    }

    @Test func aFileThatComesConcernsTheFoldersAround() {
        let keys = ChangedQuestions.keys(of: [ChangedPath(path: "a/b/c.yaml", kind: .added)])
        #expect(
            keys == [
                TreeRead.key(.entry, "a/b/c.yaml"), TreeRead.key(.content, "a/b/c.yaml"), TreeRead.key(.listing, "a/b"),
                TreeRead.key(.entry, "a/b"), TreeRead.key(.listing, "a"), TreeRead.key(.entry, "a"), TreeRead.key(.listing, ""),
            ])
    }
}

struct DivergenceTests {
    @Test func groupsWhoMayShare() {
        let answers = ["a", "b"].map { RenderAnswer(question: $0, value: "1") }
        let facts = [
            ["a": "1", "b": "1"], ["a": "2", "b": "1"], ["a": "1", "b": "3"], ["a": "2"], ["a": "1"], ["a": "1", "b": "3", "c": "9"],
        ]
        let split = Divergence.split(Array(facts.indices), by: answers) { ClusterFacts(variables: facts[$0]) }
        #expect(split.same == [0])
        #expect(split.others == [[1, 3], [2, 5], [4]])
    }
}

struct ByteBudgetTests {
    @Test func lendsInOrderAndNeverMoreThanThereIs() async {
        let budget = ByteBudget(bytes: 100)
        let first = await budget.acquire(60)
        #expect(first.covers(60) && first.covers(80))
        // Whoever has everything is covered.
        #expect(first.covers(101))
        first.release()
        let second = await budget.acquire(50)
        let third = await budget.acquire(50)
        #expect(!second.covers(51))
        async let fourth = budget.acquire(1_000)
        second.release()
        third.release()
        let all = await fourth
        #expect(all.covers(1_000_000))
        all.release()
    }
}

struct RenderMemoryTests {
    @Test func rendersThatDoNotFitTogetherAreDoneOneAfterTheOther() async throws {
        // Each is taken to need 24 MiB: more than is reserved for it to begin with, and more than there is for two.
        let padding = "# " + String(repeating: "x", count: 3 << 19) + "\n"
        var nodes: [String: IndexedTree.Node] = [:]
        for index in 0..<6 {
            nodes["apps/\(index)/a.yaml"] = .file(padding + "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a\(index)}\n")
        }
        let trees = MemoryTrees()
        let tree = await trees.add(IndexedTree(nodes))
        let cache = RenderCache(records: MemoryRecords(), trees: trees, memory: 40 << 20, width: 6)
        let targets = (0..<6).map { index in
            RenderTarget(
                recipe: Recipe(path: "apps/\(index)", namespace: nil, substitute: false, allowClearSecrets: false), facts: 0)
        }
        let resolution = try await cache.resolve(
            targets, facts: [ClusterFacts()], at: tree, line: RenderLine(name: "main", moves: true), now: Timestamp(seconds: 0))
        #expect(resolution.renders == 6)
        #expect(Set(resolution.outcomes).count == 6)
        for outcome in resolution.outcomes { if case .failure(let failure) = outcome { Issue.record("\(failure)") } }
    }
}
