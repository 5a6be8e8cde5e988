// SPDX-License-Identifier: Apache-2.0
import Manifests
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
