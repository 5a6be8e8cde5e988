// SPDX-License-Identifier: Apache-2.0

final class DotExpression: Expression, @unchecked Sendable {
    override var text: String { "." }
    override func evaluate(_ machine: Machine, _ dot: Datum) throws(TemplateFailure) -> Datum { dot }
}

final class NilExpression: Expression, @unchecked Sendable {
    override var text: String { "nil" }

    override func evaluate(_ machine: Machine, _ dot: Datum) throws(TemplateFailure) -> Datum {
        machine.at = id
        throw machine.failure("nil is not a command")
    }

    override func argument(_ machine: Machine, _ dot: Datum, _ parameter: Parameter) throws(TemplateFailure) -> Datum {
        machine.at = id
        guard parameter.canBeNil else { throw machine.failure("cannot assign nil to \(parameter.goName)") }
        return Machine.zero(parameter)
    }
}

/// A string, number or boolean as written.
final class ConstantExpression: Expression, @unchecked Sendable {
    enum Constant: Sendable {
        case bool(Bool)
        /// The value, and the literal with its quotes.
        case string(String, literal: String)
        case raw([UInt8], literal: String)
        case number(NumberLiteral)
    }

    let constant: Constant

    init(_ id: Int, _ position: Int, _ constant: Constant) {
        self.constant = constant
        super.init(id, position)
    }

    override var text: String {
        switch constant {
        case .bool(let flag): flag ? "true" : "false"
        case .string(_, let literal), .raw(_, let literal): literal
        case .number(let number): number.text
        }
    }

    override func evaluate(_ machine: Machine, _ dot: Datum) throws(TemplateFailure) -> Datum {
        machine.at = id
        switch constant {
        case .bool(let flag): return .bool(flag)
        case .string(let text, _): return .string(text)
        case .raw(let bytes, _): return .raw(bytes)
        case .number(let number):
            guard let value = number.constant else { throw machine.failure("\(number.text) overflows int") }
            return value
        }
    }

    override func argument(_ machine: Machine, _ dot: Datum, _ parameter: Parameter) throws(TemplateFailure) -> Datum {
        machine.at = id
        switch (parameter, constant) {
        case (.any, _): return try evaluate(machine, dot)
        case (.string, .string(let text, _)): return .string(text)
        case (.string, .raw(let bytes, _)): return .raw(bytes)
        case (.bool, .bool(let flag)): return .bool(flag)
        case (.int, .number(let number)): if let int = number.int { return .integer(int, .int) }
        case (.int64, .number(let number)): if let int = number.int { return .integer(int, .int64) }
        case (.uint32, .number(let number)):
            if let unsigned = number.unsigned { return .integer(Int64(UInt32(truncatingIfNeeded: unsigned)), .uint32) }
        case (.float, .number(let number)): if let float = number.float { return .float(float) }
        default: break
        }
        switch parameter {
        case .string, .bool: throw machine.failure("expected \(parameter.goName); found \(text)")
        case .int, .int64: throw machine.failure("expected integer; found \(text)")
        case .uint32: throw machine.failure("expected unsigned integer; found \(text)")
        case .float: throw machine.failure("expected float; found \(text)")
        case .any, .list, .map, .time, .certificate, .version:
            throw machine.failure("can't handle \(text) for arg of type \(parameter.goName)")
        }
    }
}

/// A step `.name` of a chain, with what finds it in a map.
struct FieldStep: Sendable {
    let name: String
    let hash: UInt32
    /// Whether Helm's values have a method of this name, which goes before a member.
    let isValuesMethod: Bool

    init(_ name: String) {
        self.name = name
        hash = Dictionary.hash(name)
        isValuesMethod = ValuesMethods.names.contains(name)
    }
}

/// `.a.b`, `$x.a.b` and `(…).a.b`: fields of the dot, of a variable or of another value. The last may be a method with arguments.
final class FieldChain: Expression, @unchecked Sendable {
    enum Origin: Sendable {
        case dot
        case variable(name: String, slot: Int)
        case expression(Expression)
    }

    let origin: Origin
    let steps: [FieldStep]
    /// Whether the origin is an element of a list or map, whose type Go does not look into when it complains.
    let isElement: Bool

    init(_ id: Int, _ position: Int, _ origin: Origin, _ steps: [String], isElement: Bool) {
        self.origin = origin
        self.steps = steps.map { FieldStep($0) }
        self.isElement = isElement
        super.init(id, position)
    }

    override var text: String {
        let fields = steps.map { "." + $0.name }.joined()
        return switch origin {
        case .dot: fields
        case .variable(let name, _): name + fields
        case .expression(let inner): (inner is Pipe ? "(\(inner.text))" : inner.text) + fields
        }
    }

    override func evaluate(_ machine: Machine, _ dot: Datum) throws(TemplateFailure) -> Datum {
        try evaluate(machine, dot, arguments: nil, last: nil)
    }

    /// - Parameters:
    ///   - arguments: what follows in the command, for a method.
    ///   - last: what the pipeline's command before gives.
    func evaluate(
        _ machine: Machine, _ dot: Datum, arguments: ArraySlice<Expression>?, last: Datum?
    ) throws(TemplateFailure) -> Datum {
        machine.at = id
        var value: Datum
        switch origin {
        case .dot: value = dot
        case .variable(let name, let slot):
            guard slot >= 0 else { throw machine.failure("undefined variable: \(name)") }
            value = machine[slot]
        case .expression(let inner):
            if inner is NilExpression { throw machine.failure("indirection through explicit nil in \(text)") }
            value = try inner.evaluate(machine, dot)
            machine.at = inner.id
        }
        for index in steps.indices {
            let isLast = index == steps.count - 1
            // The way through plain maps, without a call.
            if case .map(let map) = value, !steps[index].isValuesMethod, !isLast || (arguments == nil && last == nil) {
                value = map.value(steps[index].name, hash: steps[index].hash) ?? .null
                continue
            }
            value = try machine.field(
                steps[index], of: value, in: self, isElement: isElement || index > 0, arguments: isLast ? arguments : nil,
                last: isLast ? last : nil, dot)
        }
        return value
    }
}

final class VariableExpression: Expression, @unchecked Sendable {
    let name: String
    /// Negative where it was assigned to, but never declared.
    let slot: Int

    init(_ id: Int, _ position: Int, _ name: String, _ slot: Int) {
        self.name = name
        self.slot = slot
        super.init(id, position)
    }

    override var text: String { name }

    override func evaluate(_ machine: Machine, _ dot: Datum) throws(TemplateFailure) -> Datum {
        machine.at = id
        guard slot >= 0 else { throw machine.failure("undefined variable: \(name)") }
        return machine[slot]
    }
}
