// SPDX-License-Identifier: Apache-2.0

/// Functions between values and texts in YAML, JSON, TOML and base 64 and 32.
enum EncodingFunctions {
    static let functions: [Function] = [
        Function("b64enc", [.string], .one { _, text in .text(Base64.encode(text.stringBytes ?? [])) }),
        Function(
            "b64dec", [.string], .one { _, text in decoded { () throws(TemplateFailure) in try Base64.decode(text.stringBytes ?? []) } }),
        Function("b32enc", [.string], .one { _, text in .text(Base64.encode32(text.stringBytes ?? [])) }),
        Function(
            "b32dec", [.string], .one { _, text in decoded { () throws(TemplateFailure) in try Base64.decode32(text.stringBytes ?? []) } }),

        Function("toJson", [.any], .one { machine, value in quietly { () throws(TemplateFailure) in try json(machine, value) } }),
        Function("mustToJson", [.any], .one { machine, value throws(TemplateFailure) in try json(machine, value) }),
        Function(
            "toPrettyJson", [.any],
            .one { machine, value in
                quietly { () throws(TemplateFailure) in try json(machine, value, isPretty: true) }
            }),
        Function("mustToPrettyJson", [.any], .one { machine, value throws(TemplateFailure) in try json(machine, value, isPretty: true) }),
        Function("toRawJson", [.any], .one { machine, value throws(TemplateFailure) in try json(machine, value, escapesHTML: false) }),
        Function("mustToRawJson", [.any], .one { machine, value throws(TemplateFailure) in try json(machine, value, escapesHTML: false) }),
        Function("fromJson", [.string], .one { _, text in object(reading: GoJSONReader.read, text) { $0 } }),
        Function("fromJsonArray", [.string], .one { _, text in array(reading: GoJSONReader.read, text) { $0 } }),
        Function("mustFromJson", [.string], .one { _, text throws(TemplateFailure) in try GoJSONReader.read(text.stringBytes ?? []) }),

        Function("toYaml", [.any], .one { machine, value in quietly { () throws(TemplateFailure) in try yaml(machine, value) } }),
        Function("mustToYaml", [.any], .one { machine, value throws(TemplateFailure) in try yaml(machine, value) }),
        Function(
            "toYamlPretty", [.any],
            .one { machine, value in
                quietly { () throws(TemplateFailure) in try produced(machine, Array(YAMLFormat.writePretty(value).utf8)) }
            }),
        Function("fromYaml", [.string], .one { _, text in object(reading: YAMLFormat.read, text) { decoding($0) } }),
        Function("fromYamlArray", [.string], .one { _, text in array(reading: YAMLFormat.read, text) { decoding($0) } }),

        Function(
            "toToml", [.any],
            .one { machine, value throws(TemplateFailure) in
                do throws(TemplateFailure) { return try toml(machine, value) } catch { return .string(error.message) }
            }),
        Function("mustToToml", [.any], .one { machine, value throws(TemplateFailure) in try toml(machine, value) }),
        Function(
            "fromToml", [.string],
            .one { _, text in
                do throws(TemplateFailure) { return .map(try TOMLReader.read(text.stringBytes ?? [])) } catch {
                    return .map([("Error", .string(error.message))])
                }
            }),
    ]

    private static func produced(_ machine: Machine, _ bytes: [UInt8]) throws(TemplateFailure) -> Datum {
        try machine.charge(bytes: bytes.count)
        return .text(bytes)
    }

    private static func json(
        _ machine: Machine, _ value: Datum, escapesHTML: Bool = true, isPretty: Bool = false
    ) throws(TemplateFailure) -> Datum {
        try produced(machine, GoJSONWriter.write(value, escapesHTML: escapesHTML, isPretty: isPretty))
    }

    private static func yaml(_ machine: Machine, _ value: Datum) throws(TemplateFailure) -> Datum {
        let text = try YAMLFormat.write(value)
        try machine.charge(bytes: text.utf8.count)
        return .string(text)
    }

    private static func toml(_ machine: Machine, _ value: Datum) throws(TemplateFailure) -> Datum {
        try produced(machine, TOMLWriter.write(value))
    }

    /// What cannot be written is empty.
    private static func quietly(_ body: () throws(TemplateFailure) -> Datum) -> Datum {
        do throws(TemplateFailure) { return try body() } catch { return .string("") }
    }

    /// What cannot be read is the message.
    private static func decoded(_ body: () throws(TemplateFailure) -> [UInt8]) -> Datum {
        do throws(TemplateFailure) { return .text(try body()) } catch { return .string(error.message) }
    }

    private static func decoding(_ message: String) -> String { "error unmarshaling JSON: while decoding JSON: " + message }

    /// A map; one with the message as `Error` where the text is none.
    private static func object(
        reading read: ([UInt8]) throws(TemplateFailure) -> Datum, _ text: Datum, _ wrap: (String) -> String
    ) -> Datum {
        do throws(TemplateFailure) {
            let value = try read(text.stringBytes ?? [])
            if case .map = value { return value }
            if value.isNil { return .map(Dictionary()) }
            return .map([
                (
                    "Error",
                    .string(wrap("json: cannot unmarshal \(YAMLFormat.kind(value)) into Go value of type map[string]interface {}"))
                )
            ])
        } catch {
            return .map([("Error", .string(error.message))])
        }
    }

    private static func array(
        reading read: ([UInt8]) throws(TemplateFailure) -> Datum, _ text: Datum, _ wrap: (String) -> String
    ) -> Datum {
        do throws(TemplateFailure) {
            let value = try read(text.stringBytes ?? [])
            if case .list = value { return value }
            if value.isNil { return .list([], .nilAny) }
            return .list([.string(wrap("json: cannot unmarshal \(YAMLFormat.kind(value)) into Go value of type []interface {}"))])
        } catch {
            return .list([.string(error.message)])
        }
    }
}
