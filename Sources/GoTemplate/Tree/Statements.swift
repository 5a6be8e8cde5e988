// SPDX-License-Identifier: Apache-2.0

/// Statements in a row.
final class Block: Statement, @unchecked Sendable {
    let statements: [Statement]

    init(_ id: Int, _ position: Int, _ statements: [Statement]) {
        self.statements = statements
        super.init(id, position)
    }

    var isBlank: Bool {
        statements.allSatisfy { statement in
            if let text = statement as? TextStatement { return text.bytes.allSatisfy { $0 <= 0x20 } }
            return (statement as? Block)?.isBlank ?? false
        }
    }

    override func walk(_ machine: Machine, _ dot: Datum) throws(TemplateFailure) -> Flow {
        for statement in statements {
            let flow = try statement.walk(machine, dot)
            if flow != .next { return flow }
        }
        return .next
    }
}

final class TextStatement: Statement, @unchecked Sendable {
    let bytes: [UInt8]

    init(_ id: Int, _ position: Int, _ bytes: [UInt8]) {
        self.bytes = bytes
        super.init(id, position)
    }

    override func walk(_ machine: Machine, _ dot: Datum) throws(TemplateFailure) -> Flow {
        try machine.step()
        machine.output.append(contentsOf: bytes)
        return .next
    }
}

/// An action that prints its value, or sets variables.
final class Action: Statement, @unchecked Sendable {
    let pipe: Pipe

    init(_ id: Int, _ position: Int, _ pipe: Pipe) {
        self.pipe = pipe
        super.init(id, position)
    }

    override var text: String { "{{\(pipe.text)}}" }

    override func walk(_ machine: Machine, _ dot: Datum) throws(TemplateFailure) -> Flow {
        try machine.step()
        machine.at = id
        let value = try pipe.evaluate(machine, dot)
        if pipe.slots.isEmpty {
            machine.at = id
            try machine.print(value)
        }
        return .next
    }
}

/// `if` and `with`.
final class Condition: Statement, @unchecked Sendable {
    let pipe: Pipe
    let body: Block
    let elseBody: Block?
    /// Whether the value becomes the dot.
    let isWith: Bool

    init(_ id: Int, _ position: Int, _ pipe: Pipe, _ body: Block, else elseBody: Block?, isWith: Bool) {
        self.pipe = pipe
        self.body = body
        self.elseBody = elseBody
        self.isWith = isWith
        super.init(id, position)
    }

    override func walk(_ machine: Machine, _ dot: Datum) throws(TemplateFailure) -> Flow {
        try machine.step()
        machine.at = id
        let value = try pipe.evaluate(machine, dot)
        if value.isTrue { return try body.walk(machine, isWith ? value : dot) }
        return try elseBody?.walk(machine, dot) ?? .next
    }
}

final class RangeStatement: Statement, @unchecked Sendable {
    let pipe: Pipe
    let body: Block
    let elseBody: Block?

    init(_ id: Int, _ position: Int, _ pipe: Pipe, _ body: Block, else elseBody: Block?) {
        self.pipe = pipe
        self.body = body
        self.elseBody = elseBody
        super.init(id, position)
    }

    override func walk(_ machine: Machine, _ dot: Datum) throws(TemplateFailure) -> Flow {
        try machine.step()
        machine.at = id
        let value = try pipe.evaluate(machine, dot)
        var isEmpty = true
        switch value {
        case .list(let items, _):
            isEmpty = items.isEmpty
            for (index, item) in items.enumerated() where try !iterate(machine, .int(index), item) { return .next }
        case .map(let map):
            isEmpty = map.count == 0
            for (key, item) in map.members where try !iterate(machine, .string(key), item) { return .next }
        case .bytes, .object:
            if let items = value.items {
                isEmpty = items.isEmpty
                for (index, item) in items.enumerated() where try !iterate(machine, .int(index), item) { return .next }
            } else if case .object(let object) = value, object.kindName == "map", let members = object.members {
                isEmpty = members.isEmpty
                for (key, item) in members where try !iterate(machine, .string(key), item) { return .next }
            } else {
                throw machine.failure("range can't iterate over \(Format.print(value))")
            }
        case .integer(let count, let type):
            if pipe.slots.count > 1 {
                throw machine.failure("can't use \(count) to iterate over more than one variable")
            }
            isEmpty = count <= 0
            var index: Int64 = 0
            while index < count {
                guard try iterate(machine, .none, .integer(index, type)) else { return .next }
                index += 1
            }
        case .none, .null: break
        case .bool, .float, .string, .raw, .time: throw machine.failure("range can't iterate over \(Format.print(value))")
        }
        guard isEmpty, let elseBody else { return .next }
        return try elseBody.walk(machine, dot)
    }

    /// - Returns: whether to go on.
    private func iterate(_ machine: Machine, _ key: Datum, _ item: Datum) throws(TemplateFailure) -> Bool {
        try machine.step()
        switch pipe.slots.count {
        case 0: break
        case 1: machine[pipe.slots[0]] = item
        default:
            machine[pipe.slots[0]] = key
            machine[pipe.slots[1]] = item
        }
        return try body.walk(machine, item) != .break
    }
}

final class TemplateCall: Statement, @unchecked Sendable {
    let name: String
    let pipe: Pipe?

    init(_ id: Int, _ position: Int, _ name: String, _ pipe: Pipe?) {
        self.name = name
        self.pipe = pipe
        super.init(id, position)
    }

    override var text: String { "{{template \(Quoting.quote(name))\(pipe.map { " " + $0.text } ?? "")}}" }

    override func walk(_ machine: Machine, _ dot: Datum) throws(TemplateFailure) -> Flow {
        try machine.step()
        machine.at = id
        guard let template = machine.template(named: name) else { throw machine.failure("template \(Quoting.quote(name)) not defined") }
        let value = try pipe?.evaluate(machine, dot) ?? .none
        try machine.run(template, value)
        return .next
    }
}

final class Jump: Statement, @unchecked Sendable {
    let flow: Flow

    init(_ id: Int, _ position: Int, _ flow: Flow) {
        self.flow = flow
        super.init(id, position)
    }

    override func walk(_ machine: Machine, _ dot: Datum) throws(TemplateFailure) -> Flow { flow }
}
