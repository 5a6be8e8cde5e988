// SPDX-License-Identifier: Apache-2.0
import Manifests
import Testing

@testable import Helm

@Suite("Values against a schema") struct ValuesSchemaTests {
    private func problems(_ schema: String, _ values: String) throws -> [String] {
        try ValuesSchema(Array(schema.utf8)).problems(ChartValues.read(Array(values.utf8), file: "values"))
    }

    @Test(
        "each rule says what it found and what it wants",
        arguments: [
            (#"{"required":["a"]}"#, "b: 1", "- at '': missing property 'a'"),
            (#"{"properties":{"a":{"type":"string"}}}"#, "a: 1", "- at '/a': got number, want string"),
            (#"{"properties":{"a":{"type":["string","null"]}}}"#, "a: 1", "- at '/a': got number, want string or null"),
            (#"{"properties":{"a":{"minimum":0}}}"#, "a: -5", "- at '/a': minimum: got -5, want 0"),
            (#"{"properties":{"a":{"enum":["x","y"]}}}"#, "a: z", "- at '/a': value must be one of 'x', 'y'"),
            (#"{"properties":{"a":{"const":1}}}"#, "a: 2", "- at '/a': value must be 1"),
            (#"{"properties":{"a":{"pattern":"^b+$"}}}"#, "a: cc", "- at '/a': 'cc' does not match pattern '^b+$'"),
            (#"{"properties":{"a":{"minLength":2}}}"#, "a: é", "- at '/a': minLength: got 1, want 2"),
            (#"{"additionalProperties":false,"properties":{"a":{}}}"#, "a: 1\nb: 2", "- at '': additional properties 'b' not allowed"),
            (#"{"properties":{"a":{"items":{"type":"integer"}}}}"#, "a: [1, x]", "- at '/a/1': got string, want integer"),
            (#"{"properties":{"a":{"uniqueItems":true}}}"#, "a: [1, 2, 1]", "- at '/a': items at 0 and 2 are equal"),
            (#"{"properties":{"a":{"multipleOf":3}}}"#, "a: 7", "- at '/a': multipleOf: got 7, want 3"),
            (#"{"not":{"required":["a"]}}"#, "a: 1", "- at '': 'not' failed"),
            (##"{"$defs":{"p":{"type":"string"}},"properties":{"a":{"$ref":"#/$defs/p"}}}"##, "a: 1", "- at '/a': got number, want string"),
            (#"{"if":{"required":["a"]},"then":{"required":["b"]}}"#, "a: 1", "- at '': missing property 'b'"),
            (#"{"dependentRequired":{"a":["b"]}}"#, "a: 1", "- at '': property 'b' required, if 'a' exists"),
            (#"{"propertyNames":{"maxLength":1}}"#, "ab: 1", "- at '': invalid propertyName 'ab'"),
            (#"{"properties":{"a":{}},"unevaluatedProperties":false}"#, "a: 1\nb: 1", "- at '': unevaluated properties 'b' not allowed"),
            (#"{"properties":{"a":false}}"#, "a: 1", "- at '/a': false schema"),
        ] as [(String, String, String)])
    func says(schema: String, values: String, problem: String) throws {
        #expect(try problems(schema, values) == [problem])
    }

    @Test(
        "what fits, fits",
        arguments: [
            (#"{"properties":{"a":{"type":"integer"}}}"#, "a: 1.0"), (#"{"oneOf":[{"required":["a"]},{"required":["b"]}]}"#, "a: 1"),
            (#"{"anyOf":[{"required":["a"]},{"required":["b"]}]}"#, "a: 1\nb: 1"),
            // Draft 7 has no unevaluatedProperties, and looks at nothing beside a reference.
            (#"{"$schema":"http://json-schema.org/draft-07/schema#","unevaluatedProperties":false}"#, "a: 1"),
            (
                ##"{"$schema":"http://json-schema.org/draft-07/schema#","properties":{"a":{"$ref":"#/definitions/x","type":"string"}},"definitions":{"x":{}}}"##,
                "a: 1"
            ),
            (#"{"$schema":"http://json-schema.org/draft-04/schema#","properties":{"a":{"minimum":1,"exclusiveMinimum":false}}}"#, "a: 1"),
            // Another document is not fetched.
            (#"{"properties":{"a":{"$ref":"https://schemas.example/x.json#/y"}}}"#, "a: 1"),
            // From 2019 on a format is a remark.
            (#"{"properties":{"a":{"format":"ipv4"}}}"#, "a: nonsense"),
        ])
    func fits(schema: String, values: String) throws {
        #expect(try problems(schema, values) == [])
    }

    @Test("formats count before 2019") func formats() throws {
        func fits(_ format: String, _ text: String) throws -> Bool {
            let schema = #"{"$schema":"http://json-schema.org/draft-07/schema#","properties":{"a":{"format":"\#(format)"}}}"#
            return try problems(schema, "a: \"\(text)\"").isEmpty
        }
        #expect(try fits("ipv4", "10.0.0.1") && !fits("ipv4", "10.0.0.256"))
        #expect(try fits("ipv6", "fe80::1") && !fits("ipv6", "fe80:::1") && fits("ipv6", "::ffff:10.0.0.1"))
        #expect(try fits("hostname", "a-b.example") && !fits("hostname", "-a"))
        #expect(try fits("email", "a@b.example") && !fits("email", "a"))
        #expect(try fits("uri", "https://a") && !fits("uri", "a b"))
        #expect(try fits("date-time", "2026-01-02T03:04:05Z") && !fits("date-time", "2026-13-02T03:04:05Z"))
    }

    @Test("a schema that holds itself ends, and a reference to nothing is told of") func loops() throws {
        #expect(message { _ = try problems(##"{"$ref":"#"}"##, "a: 1") }?.contains("too deep") == true)
        #expect(message { _ = try problems(##"{"$ref":"#/nowhere"}"##, "a: 1") } == "values.schema.json: \"#/nowhere\" leads to nothing")
        #expect(message { _ = try problems(#"{"properties":{"a":{"pattern":"("}}}"#, "a: x") }?.contains("no regular expression") == true)
        #expect(message { _ = try problems("[", "a: x") } != nil)
    }

    @Test("charts within charts are checked with their part of the values") func nested() throws {
        let chart = MemoryChart([
            "values.schema.json": #"{"required":["a"]}"#, "charts/web/Chart.yaml": "apiVersion: v2\nname: web\nversion: 1.0.0\n",
            "charts/web/values.schema.json": #"{"properties":{"port":{"type":"integer"}}}"#,
        ])
        let found = message { _ = try chart.render("web: {port: http}") }
        #expect(
            found
                == "values don't meet the specifications of the schema(s) in the following chart(s):\nshop:\n- at '': missing property 'a'\nweb:\n- at '/port': got string, want integer\n"
        )
    }
}
