// SPDX-License-Identifier: Apache-2.0
import Manifests
import Testing

@Suite("Canonical form") struct CanonicalTests {
    // RFC 8785 §3.2.2 (without its number 333333333.33333329, which this form keeps digit by digit), §3.2.3, and its appendix B's
    // shortest forms; then what differs from it on purpose.
    @Test(
        "golden vectors",
        arguments: [
            (
                #"{"numbers":[333333333.3333333,1E30,4.50,2e-3,0.000000000000000000000000001],"string":"\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/","literals":[null,true,false]}"#,
                #"{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}"#
            ),
            (
                #"{"\u20ac":"Euro Sign","\r":"Carriage Return","\ufb33":"Hebrew Letter Dalet With Dagesh","1":"One","\ud83d\ude00":"Emoji: Grinning Face","\u0080":"Control","\u00f6":"Latin Small Letter O With Diaeresis"}"#,
                "{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\u{80}\":\"Control\",\"ö\":\"Latin Small Letter O With Diaeresis\",\"€\":\"Euro Sign\",\"😀\":\"Emoji: Grinning Face\",\"\u{FB33}\":\"Hebrew Letter Dalet With Dagesh\"}"
            ),
            ("[0,-0,1,-1,9223372036854775807,-9223372036854775808]", "[0,0,1,-1,9223372036854775807,-9223372036854775808]"),
            (
                "[9223372036854775808,18446744073709551616,100000000000000000000]",
                "[9223372036854775808,18446744073709551616,100000000000000000000]"
            ),
            ("[1000000000000000000000,1e21,123456789012345678901234567890]", "[1e+21,1e+21,1.2345678901234567890123456789e+29]"),
            ("[1.0,1.50,100e-2,1e3,-0.0,0e9]", "[1.0,1.5,1.0,1000.0,0.0,0.0]"),
            ("[0.000001,0.0000001,1.5e-7,5e-324,0.1]", "[0.000001,1e-7,1.5e-7,5e-324,0.1]"),
            ("[123456789.123456789123456789]", "[123456789.123456789123456789]"), (" { \"b\" : { } , \"a\" : [ ] } ", #"{"a":[],"b":{}}"#),
        ])
    func vectors(_ text: String, _ expected: String) throws {
        let value = try JSON.read(text)
        let bytes = Canonical.bytes(value)
        #expect(String(decoding: bytes, as: UTF8.self) == expected)
        let again = try JSON.read(bytes)
        #expect(Canonical.bytes(again) == bytes)
        #expect(again == value || text.contains("-0"))
    }

    @Test("an object's digest") func digest() throws {
        let text = "kind: ConfigMap\napiVersion: v1\nmetadata: {name: shop, labels: {b: x, a: \"y\"}}\ndata:\n  replicas: \"3\"\n"
        let value = try YAML.document(Array(text.utf8))
        #expect(
            String(decoding: Canonical.bytes(value), as: UTF8.self)
                == #"{"apiVersion":"v1","data":{"replicas":"3"},"kind":"ConfigMap","metadata":{"labels":{"a":"y","b":"x"},"name":"shop"}}"#)
        #expect(Canonical.digest(value).description == "sha256:596f622e6d877f9bdda0918baf71bff6c4c24ad3735bd06d830f15c38aa7f84c")
    }
}
