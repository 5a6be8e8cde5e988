// SPDX-License-Identifier: Apache-2.0

extension Machine {
    /// The zero value of a type that can be nil.
    static func zero(_ parameter: Parameter) -> Datum {
        switch parameter {
        case .list: .list([], .nilAny)
        case .map: .map(Dictionary())
        case .any, .string, .int, .int64, .uint32, .float, .bool, .time, .certificate, .version: .null
        }
    }

    /// The value if Go would pass it to such a parameter.
    @inline(__always)
    func validate(_ value: Datum, _ parameter: Parameter) throws(TemplateFailure) -> Datum {
        if parameter == .any || parameter.accepts(value) { return value }
        return try mend(value, parameter)
    }

    private func mend(_ value: Datum, _ parameter: Parameter) throws(TemplateFailure) -> Datum {
        switch value {
        case .none:
            if parameter.canBeNil { return Self.zero(parameter) }
            throw failure("invalid value; expected \(parameter.goName)")
        case .null: throw failure("wrong type for value; expected \(parameter.goName); got interface {}")
        default: throw failure("wrong type for value; expected \(parameter.goName); got \(value.typeName)")
        }
    }

    func call(
        _ function: Function, _ arguments: [Expression], _ last: Datum?, _ dot: Datum, at id: Int
    ) throws(TemplateFailure) -> Datum {
        try step()
        let count = arguments.count + (last == nil ? 0 : 1)
        if count != function.parameters.count { try checkCount(function, count, given: arguments.count) }
        if function.trait == .and || function.trait == .or { return try logic(function, arguments, last, dot) }
        switch function.body {
        case .one(let body):
            let first = try argument(0, function, arguments, last, dot)
            do throws(TemplateFailure) { return try body(self, first) } catch { throw called(function.name, error, id) }
        case .two(let body):
            let first = try argument(0, function, arguments, last, dot)
            let second = try argument(1, function, arguments, last, dot)
            do throws(TemplateFailure) { return try body(self, first, second) } catch { throw called(function.name, error, id) }
        case .three(let body):
            let first = try argument(0, function, arguments, last, dot)
            let second = try argument(1, function, arguments, last, dot)
            let third = try argument(2, function, arguments, last, dot)
            do throws(TemplateFailure) { return try body(self, first, second, third) } catch { throw called(function.name, error, id) }
        case .none(let body):
            do throws(TemplateFailure) { return try body(self) } catch { throw called(function.name, error, id) }
        case .oneOrMany(let body, _) where count == 1:
            let first = try argument(0, function, arguments, last, dot)
            do throws(TemplateFailure) { return try body(self, first) } catch { throw called(function.name, error, id) }
        case .twoOrMany(let body, _) where count == 2:
            let first = try argument(0, function, arguments, last, dot)
            let second = try argument(1, function, arguments, last, dot)
            do throws(TemplateFailure) { return try body(self, first, second) } catch { throw called(function.name, error, id) }
        case .many(let body), .oneOrMany(_, let body), .twoOrMany(_, let body):
            var values: [Datum] = []
            values.reserveCapacity(count)
            for index in 0..<count { values.append(try argument(index, function, arguments, last, dot)) }
            do throws(TemplateFailure) { return try body(self, values) } catch { throw called(function.name, error, id) }
        }
    }

    @inline(__always)
    private func argument(
        _ index: Int, _ function: Function, _ arguments: [Expression], _ last: Datum?, _ dot: Datum
    ) throws(TemplateFailure) -> Datum {
        let parameter = function.parameter(index)
        if index < arguments.count { return try arguments[index].argument(self, dot, parameter) }
        return try validate(last ?? .none, parameter)
    }

    private func checkCount(_ function: Function, _ count: Int, given: Int) throws(TemplateFailure) {
        let wanted = function.parameters.count
        if function.variadic != nil {
            guard count < wanted else { return }
            throw failure("wrong number of args for \(function.name): want at least \(wanted) got \(given)")
        }
        throw failure("wrong number of args for \(function.name): want \(wanted) got \(count)")
    }

    private func called(_ name: String, _ error: TemplateFailure, _ id: Int) -> TemplateFailure {
        at = id
        return failure("error calling \(name): \(error.message)", code: error.code, cause: error)
    }

    /// `and` and `or`: the first argument that decides, or the last.
    private func logic(
        _ function: Function, _ arguments: [Expression], _ last: Datum?, _ dot: Datum
    ) throws(TemplateFailure) -> Datum {
        var value = Datum.none
        for argument in arguments {
            value = try argument.argument(self, dot, .any)
            if value.isTrue == (function.trait == .or) { return value }
        }
        return last ?? value
    }

    /// A field, a method or a member of `value`.
    func field(
        _ step: FieldStep, of value: Datum, in chain: FieldChain, isElement: Bool, arguments: ArraySlice<Expression>?, last: Datum?,
        _ dot: Datum
    ) throws(TemplateFailure) -> Datum {
        let hasArguments = last != nil || arguments?.isEmpty == false
        switch value {
        case .none: return .none
        case .null: throw failure("nil pointer evaluating interface {}.\(step.name)")
        case .map(let map):
            if step.isValuesMethod, let method = ValuesMethods.method(step.name, map) {
                return try call(method, step.name, chain, arguments ?? [], last, dot)
            }
            if hasArguments { throw failure("\(step.name) is not a method but has arguments") }
            return map.value(step.name, hash: step.hash) ?? (map.typeName == "map[string]string" ? .string("") : .null)
        case .object, .time, .integer(_, .duration):
            if let method = value.method(step.name) { return try call(method, step.name, chain, arguments ?? [], last, dot) }
            if case .object(let object) = value, let field = object.field(step.name) {
                if hasArguments { throw failure("\(step.name) has arguments but cannot be invoked as function") }
                return field
            }
            if case .object(let object) = value, object.kindName == "map" { return .null }
        case .bool, .integer, .float, .string, .raw, .bytes, .list: break
        }
        throw failure("can't evaluate field \(step.name) in type \(isElement ? "interface {}" : value.typeName)")
    }

    private func call(
        _ method: TemplateMethod, _ name: String, _ chain: FieldChain, _ arguments: ArraySlice<Expression>, _ last: Datum?, _ dot: Datum
    ) throws(TemplateFailure) -> Datum {
        let count = arguments.count + (last == nil ? 0 : 1)
        guard count == method.parameters.count else {
            throw failure("wrong number of args for \(name): want \(method.parameters.count) got \(count)")
        }
        var values: [Datum] = []
        for (index, argument) in arguments.enumerated() { values.append(try argument.argument(self, dot, method.parameters[index])) }
        if let last, let parameter = method.parameters.last { values.append(try validate(last, parameter)) }
        do throws(TemplateFailure) { return try method.body(values) } catch { throw called(name, error, chain.id) }
    }
}

extension Datum {
    func method(_ name: String) -> TemplateMethod? {
        switch self {
        case .object(let object): object.method(name)
        case .time(let moment): moment.method(name)
        case .integer(let nanoseconds, .duration): GoDuration.method(name, nanoseconds)
        default: nil
        }
    }
}
