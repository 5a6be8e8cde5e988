// SPDX-License-Identifier: Apache-2.0
import Manifests
import Testing

@testable import Kustomize

/// The hashes are what `kubectl kustomize` gave for such resources.
struct ContentHashTests {
    @Test(arguments: [
        ("{kind: ConfigMap, metadata: {name: empty}}", "6ct58987ht"),
        ("{kind: ConfigMap, metadata: {name: other}}", "6ct58987ht"),
        ("{kind: Secret, data: {}, type: kubernetes.io/foo}", "b6d7fcb9fc"),
        ("{kind: Secret, type: Opaque}", "8226t8dd99"),
        ("{kind: ConfigMap, data: {f: \"ab\\b\\n\"}}", "7467f628bf"),
        ("{kind: ConfigMap, data: {f: \"ab\\f\\n\"}}", "6mth468f98"),
        ("{kind: ConfigMap, data: {f: \"ab\\0\\n\"}}", "gbfc22kc55"),
        ("{kind: ConfigMap, data: {f: \"ab<>&\\n\"}}", "kcb284thck"),
        ("{kind: ConfigMap, data: {f: \"ab\\x85\\n\"}}", "k45fcd2b92"),
        ("{kind: ConfigMap, binaryData: {a: 1}}", "kct4gh5d4d"),
        ("{kind: ConfigMap, data: {only: this}}", "fhb2hm6m6f"),
        ("{kind: ConfigMap, data: {title: shop}, metadata: {labels: {a: b}}}", "c7thkf2k99"),
    ])
    func areThoseOfKubectl(object: String, hash: String) throws {
        #expect(ContentHash.suffix(of: try Samples.node(object).value) == hash)
    }

    @Test(arguments: [
        ("{b: 1, a: [true, null, {}]}", #"{"a":[true,null,{}],"b":1}"#), ("\"\\u2028\\u2029\\u2027é\"", "\"\\u2028\\u2029\u{2027}é\""),
        ("\"\\e\\\"\\\\\\t\\r\"", #""\u001b\"\\\t\r""#),
        ("[1.50, 1e30, 1e-7, 0.000001, 1e20, 1e21]", "[1.5,1e+30,1e-7,0.000001,100000000000000000000,1e+21]"),
        ("[12345678901234567890, 9007199254740993, -9007199254740993]", "[12345678901234567000,9007199254740992,-9007199254740992]"),
    ])
    func valuesAreWrittenAsGoWritesThem(text: String, json: String) throws {
        #expect(String(decoding: GoJSON.bytes(try Samples.node(text).value), as: UTF8.self) == json)
    }

    @Test(arguments: [
        (1e30, "1e+30"), (1e-5, "1e-05"), (1e-4, "0.0001"), (1e20, "100000000000000000000"), (1e21, "1e+21"), (-1.25e-10, "-1.25e-10"),
        (1.5, "1.5"), (0, "0"), (-0.0, "-0"), (123456, "123456"), (1e100, "1e+100"),
    ])
    func doublesAreWrittenInGoesGeneralForm(number: Double, text: String) {
        #expect(GoNumber.general(number) == text)
    }

    @Test func namesGetTheirHashOnce() throws {
        var map = try Samples.resources(
            "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}\n--- {apiVersion: v1, kind: ConfigMap, metadata: {name: b}}")
        map.items[0].needsHash = true
        try HashTransformer().transform(&map, in: Samples.context)
        #expect(map.items.map(\.name) == ["a-6ct58987ht", "b"])
        #expect(map.items[0].originalID.name == "a")
    }
}
