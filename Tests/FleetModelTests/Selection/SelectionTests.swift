// SPDX-License-Identifier: Apache-2.0
import FleetModel
import Testing

@Suite("Selection") struct SelectionTests {
    @Test(
        "durations",
        arguments: [
            ("0s", 0), ("10s", 10_000), ("5m", 300_000), ("1h30m", 5_400_000), ("1h1s", 3_601_000), ("500ms", 500), ("1s500ms", 1_500),
            ("24h", 86_400_000), ("100m", 6_000_000),
        ])
    func durations(_ text: String, _ milliseconds: Int) {
        #expect(DurationText.parse(text) == .milliseconds(milliseconds))
        #expect(DurationText.parse(DurationText.write(.milliseconds(milliseconds))) == .milliseconds(milliseconds))
    }

    @Test(
        "what is no duration", arguments: ["", "5", "5 m", "m", "1.5h", "-5m", "5m1h", "5m5m", "5d", "5M", "9999999999999h", "999999999h"])
    func noDuration(_ text: String) { #expect(DurationText.parse(text) == nil) }

    @Test("a duration is written as short as it can be") func writesDurations() {
        #expect(DurationText.write(.seconds(5_400)) == "1h30m")
        #expect(DurationText.write(.milliseconds(61_001)) == "1m1s1ms")
        #expect(DurationText.write(.zero) == "0s")
    }

    @Test(
        "a percentage is rounded down, and at least one",
        arguments: [(Quota.count(3), 10, 3), (.percent(25), 10, 2), (.percent(25), 3, 1), (.percent(1), 0, 1), (.percent(100), 7, 7)])
    func quotas(_ quota: Quota, _ total: Int, _ expected: Int) { #expect(quota.resolve(of: total) == expected) }

    @Test(
        "requirements match as Kubernetes' do",
        arguments: [
            (LabelSelector.Requirement.Operator.in, true, false, false), (.notIn, false, true, true), (.exists, true, true, false),
            (.doesNotExist, false, false, true),
        ])
    func requirements(_ operation: LabelSelector.Requirement.Operator, _ same: Bool, _ other: Bool, _ absent: Bool) {
        let selector = LabelSelector(matchExpressions: [.init(key: "a", operator: operation, values: ["1", "2"])])
        #expect(selector.matches(["a": "2"]) == same)
        #expect(selector.matches(["a": "3"]) == other)
        #expect(selector.matches(["b": "1"]) == absent)
    }

    @Test("everything in a selector must hold") func conjunction() {
        let selector = LabelSelector(matchLabels: ["a": "1", "b": "2"], matchExpressions: [.init(key: "c", operator: .exists)])
        #expect(selector.matches(["a": "1", "b": "2", "c": ""]))
        #expect(!selector.matches(["a": "1", "b": "2"]))
        #expect(!selector.matches(["a": "1", "c": ""]))
        #expect(LabelSelector().matches([:]))
    }

    @Test("the first matching wave takes a cluster, the rest form a last one") func waves() {
        func cluster(_ name: String, _ ring: String) -> Cluster {
            var cluster = Cluster(name: name)
            cluster.labels = ["ring": ring]
            return cluster
        }
        var first = Environment.Wave(name: "first")
        first.clusterSelector = LabelSelector(matchLabels: ["ring": "a"])
        var empty = Environment.Wave(name: "empty")
        empty.clusterSelector = LabelSelector(matchLabels: ["ring": "z"])
        var second = Environment.Wave(name: "second")
        second.clusterSelector = LabelSelector(matchExpressions: [.init(key: "ring", operator: .in, values: ["a", "b"])])
        var rollout = Environment.Rollout()
        rollout.waves = [first, empty, second]
        let clusters = [cluster("1", "b"), cluster("2", "a"), cluster("3", "c"), cluster("4", "a")]
        let divided = rollout.divide(clusters)
        #expect(divided.map(\.wave.name) == ["first", "second", "rest"])
        #expect(divided.map { $0.clusters.map(\.name) } == [["2", "4"], ["1"], ["3"]])
    }
}
