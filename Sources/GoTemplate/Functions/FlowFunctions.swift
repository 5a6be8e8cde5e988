// SPDX-License-Identifier: Apache-2.0

/// Helm's own functions, and those that choose between values.
enum FlowFunctions {
    static let functions: [Function] = [
        Function("include", [.string, .any], .two { machine, name, data throws(TemplateFailure) in try machine.include(name.text, data) }),
        Function("tpl", [.string, .any], .two { machine, text, data throws(TemplateFailure) in try machine.tpl(text, data) }),
        Function("required", [.string, .any], .two(required)),
        Function("fail", [.string], .one { _, message throws(TemplateFailure) in throw warning(message.text) }),
        Function("lookup", [.string, .string, .string, .string], .many { _, _ in .map(Dictionary()) }),
        Function(
            "default", [.any], variadic: .any,
            .twoOrMany({ _, fallback, value in value.isEmpty ? fallback : value }) { _, values in
                values.count > 1 && !values[1].isEmpty ? values[1] : values[0]
            }),
        Function("empty", [.any], .one { _, value in .bool(value.isEmpty) }),
        Function("coalesce", [], variadic: .any, .many { _, values in values.first { !$0.isEmpty } ?? .null }),
        Function("all", [], variadic: .any, .many { _, values in .bool(values.allSatisfy { !$0.isEmpty }) }),
        Function("any", [], variadic: .any, .many { _, values in .bool(values.contains { !$0.isEmpty }) }),
        Function("ternary", [.any, .any, .bool], .three { _, yes, no, flag in flag.isTrue ? yes : no }),
        Function("hello", [], .none { _ in .string("Hello!") }),
        Function("getHostByName", [.string], .one(refuseHostNames)),
    ]

    private static func required(_ machine: Machine, _ message: Datum, _ value: Datum) throws(TemplateFailure) -> Datum {
        if value.isNil || (value.isString && value.isEmpty) { throw warning(message.text) }
        return value
    }

    private static func warning(_ message: String) -> TemplateFailure {
        TemplateFailure(TemplateFailure.warningBegin + message + TemplateFailure.warningEnd)
    }

    private static func refuseHostNames(_ machine: Machine, _ name: Datum) throws(TemplateFailure) -> Datum {
        throw TemplateFailure("templates cannot ask the network; give the address as a value")
    }
}
