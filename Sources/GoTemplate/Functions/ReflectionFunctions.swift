// SPDX-License-Identifier: Apache-2.0

/// Functions that tell Go's types and kinds.
enum ReflectionFunctions {
    static let functions: [Function] = [
        Function("typeOf", [.any], .one { _, value in .string(value.typeName) }),
        Function("typeIs", [.string, .any], .two { _, name, value in .bool(name.text == value.typeName) }),
        Function(
            "typeIsLike", [.string, .any],
            .two { _, name, value in
                .bool(name.text == value.typeName || "*" + name.text == value.typeName)
            }),
        Function("kindOf", [.any], .one { _, value in .string(value.kindName) }),
        Function("kindIs", [.string, .any], .two { _, name, value in .bool(name.text == value.kindName) }),
        Function("deepEqual", [.any, .any], .two { machine, a, b throws(TemplateFailure) in .bool(try machine.areDeeplyEqual(a, b)) }),
    ]
}
