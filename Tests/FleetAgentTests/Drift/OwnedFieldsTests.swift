// SPDX-License-Identifier: Apache-2.0
import Manifests
import Testing

@testable import FleetAgent

@Suite struct OwnedFieldsTests {
    private static func object(image: String, cpu: Value = "100m", replicas: Value? = 2, owned: String, others: String? = nil) throws
        -> Value
    {
        var spec: Map = [
            "template": [
                "containers": [
                    ["name": "side", "image": "side:1"], ["name": "main", "image": .string(image), "resources": ["cpu": cpu]],
                ]
            ]
        ]
        spec["replicas"] = replicas
        var managers: [Value] = [["manager": "flotilla", "operation": "Apply", "time": "1", "fieldsV1": try JSON.read(owned)]]
        if let others {
            managers.append(["manager": "hand", "operation": "Update", "time": "2", "fieldsV1": try JSON.read(others)])
        }
        return ["metadata": ["managedFields": .list(managers)], "spec": .map(spec)]
    }

    private static let everything =
        #"{"f:spec":{"f:replicas":{},"f:template":{"f:containers":{"k:{\"name\":\"main\"}":{".":{},"f:image":{},"f:name":{},"f:resources":{"f:cpu":{}}}}}}}"#

    @Test("What others own or default does not count")
    func foreignFields() throws {
        let one = try Self.object(image: "web:1", owned: Self.everything)
        var other = one
        other["spec"]?["paused"] = true
        other["status"] = ["replicas": 1]
        #expect(OwnedFields.digest(of: one) == OwnedFields.digest(of: other))
    }

    @Test("A foreign write takes the field out of the owned set, and that is seen")
    func foreignWrite() throws {
        let before = try Self.object(image: "web:1", owned: Self.everything)
        let without = Self.everything.replacing(#""f:replicas":{},"#, with: "")
        let after = try Self.object(image: "web:1", replicas: 5, owned: without, others: #"{"f:spec":{"f:replicas":{}}}"#)
        #expect(OwnedFields.digest(of: before) != OwnedFields.digest(of: after))
        let changes = OwnedFields.changes(from: after, to: before)
        #expect(changes.map(\.description) == ["/spec/replicas"])
        #expect(changes.first.flatMap { OwnedFields.manager(of: $0, in: after) } == "hand")
    }

    @Test("A list item is found by its key and shown by its index")
    func keyedItems() throws {
        let before = try Self.object(image: "web:1", owned: Self.everything)
        let after = try Self.object(image: "web:9", owned: Self.everything)
        let changes = OwnedFields.changes(from: after, to: before)
        #expect(changes.count == 1)
        #expect(changes.first.map { OwnedFields.shown($0, in: before).description } == "/spec/template/containers/1/image")
    }

    @Test("A field that is gone differs from one that is there")
    func removedField() throws {
        let before = try Self.object(image: "web:1", owned: Self.everything)
        let after = try Self.object(image: "web:1", replicas: nil, owned: Self.everything)
        #expect(OwnedFields.changes(from: after, to: before).map(\.description) == ["/spec/replicas"])
    }

    @Test("Ignored places are not looked at")
    func ignored() throws {
        let before = try Self.object(image: "web:1", owned: Self.everything)
        let after = try Self.object(image: "web:1", replicas: 7, owned: Self.everything)
        let rule = [try JSONPointer(parsing: "/spec/replicas")]
        #expect(OwnedFields.digest(of: before, ignoring: rule) == OwnedFields.digest(of: after, ignoring: rule))
    }

    @Test("Of a map that was applied empty only its being there is owned")
    func emptyMap() throws {
        let owned = #"{"f:data":{}}"#
        func object(_ data: Value, _ others: String) throws -> Value {
            [
                "metadata": [
                    "managedFields": [
                        ["manager": "flotilla", "operation": "Apply", "fieldsV1": try JSON.read(owned)],
                        ["manager": "hand", "operation": "Update", "fieldsV1": try JSON.read(others)],
                    ]
                ], "data": data,
            ]
        }
        let empty = try object([:], "{}")
        let filled = try object(["a": "1"], #"{"f:data":{"f:a":{}}}"#)
        #expect(OwnedFields.digest(of: empty) == OwnedFields.digest(of: filled))
    }

    @Test("An object without an entry of Flotilla's has no projection")
    func noEntry() {
        #expect(OwnedFields.digest(of: ["metadata": ["name": "x"]]) == nil)
    }
}
