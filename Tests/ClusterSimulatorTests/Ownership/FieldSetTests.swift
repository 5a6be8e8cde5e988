// SPDX-License-Identifier: Apache-2.0

import Manifests
import Testing

@testable import ClusterSimulator

@Suite struct FieldSetTests {
    @Test func readsAndWritesItsTextForm() throws {
        let value = try JSON.read(
            #"{"f:metadata":{"f:finalizers":{".":{},"v:\"x/y\"":{}}},"f:spec":{"f:ports":{"k:{\"port\":80,\"protocol\":\"TCP\"}":{".":{},"f:port":{}}}}}"#
        )
        #expect(FieldSet(value: value).value == value)
    }

    @Test func differencesKeepWhatIsLeft() {
        var set = FieldSet()
        set.insert([.field("a"), .field("b")])
        set.insert([.field("a"), .field("c")])
        var other = FieldSet()
        other.insert([.field("a"), .field("b")])
        #expect(set.difference(other).paths == [[.field("a"), .field("c")]])
        #expect(set.intersection(other).paths == [[.field("a"), .field("b")]])
        #expect(set.difference(set).isEmpty)
    }

    @Test func mergingKeepsTheOrderOfTheApplied() {
        let list = ListShape(item: Schema.builtIn["EnvVar"], relation: .keyed([ListKey(name: "name", fallback: "")]))
        func env(_ names: String...) -> Value { .list(names.map { ["name": .string($0)] }) }
        let merged = Typed.merge(env("a", "x", "b"), env("b", "a"), .list(list))
        #expect(merged?.list?.compactMap { $0["name"]?.string } == ["x", "b", "a"])
    }
}
