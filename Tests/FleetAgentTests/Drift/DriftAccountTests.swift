// SPDX-License-Identifier: Apache-2.0
import Manifests
import Testing

@testable import FleetAgent

@Suite struct DriftAccountTests {
    private static let identity = ObjectIdentity(group: "", kind: "ConfigMap", namespace: "shop", name: "a")

    private static func object(_ data: Value, owned: [String], others: [String] = [], uid: String = "1") -> Value {
        func entry(_ manager: String, _ operation: String, _ keys: [String]) -> Value {
            [
                "manager": .string(manager), "operation": .string(operation),
                "fieldsV1": ["f:data": .map(Map(keys.map { ("f:\($0)", Value.map(Map())) }))],
            ]
        }
        var managers = [entry("flotilla", "Apply", owned)]
        if !others.isEmpty { managers.append(entry("hand", "Update", others)) }
        return [
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": ["name": "a", "uid": .string(uid), "managedFields": .list(managers)],
            "data": data,
        ]
    }

    private static func account(
        _ live: Value?, _ after: Value, identity: ObjectIdentity = identity, isDeleted: Bool = false, isReplaced: Bool = false,
        uid: String = "1", isSecret: Bool = false
    ) -> DriftAccount {
        DriftAccount(
            Drift(seenAt: Timestamp(seconds: 0), isDeleted: isDeleted, isReplaced: isReplaced, projection: nil, live: live),
            identity: identity, uid: uid,
            after: AppliedObject(after, ignoring: [], rules: [], mask: SecretMask(), at: Timestamp(seconds: 0)), ignoring: [],
            isSecret: isSecret)
    }

    @Test("What was encrypted is told to nobody, not even its beginning") func encrypted() {
        let secret = String(repeating: "hunter2", count: 20)
        let account = Self.account(
            Self.object(["k": "x"], owned: [], others: ["k"]), Self.object(["k": .string(secret)], owned: ["k"]), isSecret: true)
        #expect(account.paths == ["/data/k"] && account.message.contains("/data/k (hidden)"))
        #expect(!account.message.contains("hunter2") && !account.message.contains("'x'"))
    }

    @Test("What differed is told with its values, through whom, and bounded")
    func words() {
        let after = Self.object(["k": "1", "l": "2"], owned: ["k", "l"])
        let live = Self.object(["k": "x"], owned: [], others: ["k"])
        let account = Self.account(live, after)
        #expect(account.paths == ["/data/k", "/data/l"] && account.managers == ["hand"])
        #expect(account.message == "changed by hand: /data/k 'x' instead of '1', /data/l gone instead of '2'")
        let keys = (1...9).map { "k\($0)" }
        let many = Self.account(
            Self.object(.map(Map(keys.map { ($0, .string(String(repeating: "x", count: 100))) })), owned: [], others: keys),
            Self.object(.map(Map(keys.map { ($0, "1") })), owned: keys))
        #expect(many.paths.count == 9 && many.message.hasSuffix("and 4 more") && many.message.count < 600)
    }

    @Test("What a Secret holds is told to nobody")
    func secret() {
        let identity = ObjectIdentity(group: "", kind: "Secret", namespace: "shop", name: "a")
        let account = Self.account(
            Self.object(["k": "aGVsbG8="], owned: [], others: ["k"]), Self.object(["k": "d29ybGQ="], owned: ["k"]), identity: identity)
        #expect(account.message == "changed by hand: /data/k (hidden)")
    }

    @Test("Objects that went, came back as others, or only lost their labels are told apart")
    func objects() {
        let after = Self.object(["k": "1"], owned: ["k"], uid: "2")
        #expect(Self.account(nil, after, isDeleted: true).message == "the object was deleted")
        #expect(Self.account(nil, after, isDeleted: true, uid: "2").message == "its labels were taken off")
        let live = Self.object(["k": "x"], owned: [], others: ["k"], uid: "2")
        #expect(
            Self.account(live, after, isReplaced: true).message
                == "the object was deleted and made again, changed by hand: /data/k 'x' instead of '1'")
        #expect(Self.account(nil, after).message == "fields differed from what was applied")
    }
}
