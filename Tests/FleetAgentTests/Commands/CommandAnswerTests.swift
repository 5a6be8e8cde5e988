// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import KubernetesAPI
import Manifests
import Testing

@testable import FleetAgent

@Suite("Answers to commands") struct CommandAnswerTests {
    @Test("a long text keeps its end, a long list its beginning, and both say so")
    func bounds() throws {
        let lines = (0..<5_000).map { "line \($0) \"quoted\"" }.joined(separator: "\n")
        let text = CommandAnswer.bounded(["pod": "p", "text": .string(lines)], bytesMax: 10_000)
        #expect(JSON.write(text).count <= 10_000 && text["truncated"] == true && text["pod"] == "p")
        #expect(text["text"]?.string?.hasSuffix("line 4999 \"quoted\"") == true)
        #expect(text["text"]?.string?.hasPrefix("line ") == true)
        let list = CommandAnswer.bounded(["items": .list((0..<5_000).map { ["name": .string("n\($0)")] })], bytesMax: 10_000)
        #expect(JSON.write(list).count <= 10_000 && list["truncated"] == true)
        #expect(list["items"]?.list?.first?["name"] == "n0" && (list["items"]?.list?.count ?? 0) > 300)
        #expect(CommandAnswer.bounded(["text": "short"]) == ["text": "short"])
        #expect(CommandAnswer.bounded(["object": .string(String(repeating: "x", count: 20_000))], bytesMax: 10_000) == ["truncated": true])
        let one = CommandAnswer.bounded(["text": .string(String(repeating: "x", count: 20_000))], bytesMax: 10_000)
        #expect(one["text"] == "" && one["truncated"] == true)
    }

    @Test(
        "kinds are named as people do",
        arguments: [
            ("Deployment", "apps/v1 Deployment"), ("deployments", "apps/v1 Deployment"), ("deploy", "apps/v1 Deployment"),
            ("apps/Deployment", "apps/v1 Deployment"), ("apps/v1/Deployment", "apps/v1 Deployment"),
            ("deployment.apps", "apps/v1 Deployment"), ("po", "v1 Pod"), ("v1/pods", "v1 Pod"),
            ("deployments.example.dev", "example.dev/v1 Deployment"), ("event", "v1 Event"),
        ])
    func kinds(_ text: String, _ expected: String) {
        func type(_ group: String, _ kind: String, _ plural: String) -> ResourceType {
            ResourceType(group: group, version: "v1", kind: kind, plural: plural, namespaced: true, verbs: ResourceType.everyVerb)
        }
        let discovery = Discovery(
            serverVersion: "",
            types: [
                type("example.dev", "Deployment", "deployments"), type("events.k8s.io", "Event", "events"), type("", "Event", "events"),
                type("", "Pod", "pods"), type("apps", "Deployment", "deployments"),
            ])
        #expect(discovery.type(named: text).map { "\($0.apiVersion) \($0.kind)" } == expected)
    }

    @Test("a job is made under a name of its own, with an end, and as nobody's inventory")
    func jobs() {
        let command = Command.JobRun(manifest: .null, namespace: "shop", timeoutSeconds: 60)
        var manifest = job("smoke", image: "x", [:])
        manifest["metadata"]?["namespace"] = "elsewhere"
        manifest["metadata"]?["ownerReferences"] = [["kind": "CronJob"]]
        manifest["metadata"]?["labels"] = .map([Ownership.partOfLabel: "x", "team": "web"])
        manifest["spec"]?["ttlSecondsAfterFinished"] = 1_000_000
        let made = JobCommand.prepare(manifest, command, Generation(epoch: 1, counter: 2))
        #expect(
            made["metadata"] == [
                "generateName": "smoke-", "namespace": "shop", "labels": .map(["team": "web", JobCommand.label: "1.2"]), "annotations": [:],
            ])
        #expect(made.at("spec", "ttlSecondsAfterFinished") == 86_400 && made.at("spec", "activeDeadlineSeconds") == 60)
        #expect(made.at("spec", "template", "metadata", "labels", JobCommand.label) == "1.2")
    }

    @Test("a workload's selector is written as the API takes it")
    func selectors() {
        let workload: Value = [
            "spec": [
                "selector": [
                    "matchLabels": ["app": "web"],
                    "matchExpressions": [
                        ["key": "tier", "operator": "In", "values": ["a", "b"]], ["key": "old", "operator": "DoesNotExist"],
                    ],
                ]
            ]
        ]
        #expect(LogCommand.selector(workload) == "app=web,tier in (a,b),!old")
        #expect(LogCommand.selector(["kind": "Service", "spec": ["selector": ["app": "web"]]]) == "app=web")
        #expect(LogCommand.selector(["spec": [:]]) == nil)
    }
}
