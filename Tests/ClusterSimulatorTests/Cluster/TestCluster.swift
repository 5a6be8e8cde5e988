// SPDX-License-Identifier: Apache-2.0

import Manifests
import Synchronization
import Testing

@testable import ClusterSimulator

/// A cluster with a clock that only the test moves.
final class TestCluster: Sendable {
    private final class Clock: Sendable {
        let time = Mutex(Timestamp(seconds: 1_760_000_000))
    }

    private let clock = Clock()
    let cluster: SimulatedCluster

    init(behaviour given: SimulatorBehaviour = SimulatorBehaviour(), nodes: Int = 1, trusts: Bool = true) {
        var behaviour = given
        behaviour.trustsAnonymous = trusts
        let clock = clock
        cluster = SimulatedCluster(
            specification: ClusterSpecification(name: "test", nodes: nodes, token: "secret"), behaviour: behaviour, seed: 7,
            clock: { clock.time.withLock { $0 } })
    }

    /// Lets time pass in small steps, with all that happens meanwhile.
    func pass(_ duration: Duration, step: Duration = .milliseconds(25)) {
        var left = duration
        while left > .zero {
            clock.time.withLock { $0 = $0 + min(step, left) }
            left -= step
            cluster.advance()
        }
    }

    @discardableResult func send(
        _ method: String, _ path: String, _ body: Value? = nil, type: String = "application/json",
        headers: [(name: String, value: String)] = []
    ) -> (status: Int, body: Value) {
        let parts = path.split(separator: "?", maxSplits: 1).map(String.init)
        let response = cluster.handle(
            APIRequest(
                method: method, path: parts[0], query: parts.count == 2 ? URLText.query(parts[1]) : [],
                headers: [("content-type", type)] + headers, body: body.map { JSON.write($0) } ?? []))
        return (response.status, (try? JSON.read(response.bytes)) ?? .string(String(decoding: response.bytes, as: UTF8.self)))
    }

    /// A request with the administrator's token, for clusters that do not trust everybody.
    func asAdministrator(_ method: String, _ path: String, _ body: Value) -> APIRequest {
        APIRequest(
            method: method, path: path, headers: [("content-type", "application/json"), ("authorization", "Bearer secret")],
            body: JSON.write(body))
    }

    func get(_ path: String) -> Value { send("GET", path).body }

    @discardableResult func apply(_ path: String, _ object: Value, manager: String = "fleet", force: Bool = false) -> (
        status: Int, body: Value
    ) {
        send("PATCH", "\(path)?fieldManager=\(manager)\(force ? "&force=true" : "")", object, type: "application/apply-patch+yaml")
    }

    static func deployment(_ name: String, image: String, replicas: Int64 = 2, deadline: Int64 = 600) -> Value {
        [
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": ["name": .string(name)],
            "spec": [
                "replicas": .int(replicas), "progressDeadlineSeconds": .int(deadline), "selector": ["matchLabels": ["app": .string(name)]],
                "template": [
                    "metadata": ["labels": ["app": .string(name)]], "spec": ["containers": [["name": "main", "image": .string(image)]]],
                ],
            ],
        ]
    }

    static let deployments = "/apis/apps/v1/namespaces/default/deployments"
    static let maps = "/api/v1/namespaces/default/configmaps"

    static func map(_ name: String, _ data: Value) -> Value {
        ["apiVersion": "v1", "kind": "ConfigMap", "metadata": ["name": .string(name)], "data": data]
    }
}
