// SPDX-License-Identifier: Apache-2.0

/// Commands, each of which gets the value of the one before as its last argument; the last value may go to variables.
final class Pipe: Expression, @unchecked Sendable {
    let commands: [Command]
    let names: [String]
    let slots: [Int]
    let isAssignment: Bool

    init(_ id: Int, _ position: Int, _ commands: [Command], names: [String], slots: [Int], isAssignment: Bool) {
        self.commands = commands
        self.names = names
        self.slots = slots
        self.isAssignment = isAssignment
        super.init(id, position)
    }

    override var text: String {
        let variables = names.isEmpty ? "" : names.joined(separator: ", ") + (isAssignment ? " = " : " := ")
        return variables + commands.map(\.text).joined(separator: " | ")
    }

    override func evaluate(_ machine: Machine, _ dot: Datum) throws(TemplateFailure) -> Datum {
        machine.at = id
        var value = try commands[0].run(machine, dot, nil)
        if case .null = value { value = .none }
        if commands.count > 1 {
            for command in commands.dropFirst() {
                value = try command.run(machine, dot, value)
                if case .null = value { value = .none }
            }
        }
        for (index, slot) in slots.enumerated() {
            guard slot >= 0 else { throw machine.failure("undefined variable: \(names[index])") }
            machine[slot] = value
        }
        return value
    }
}

/// A value, or a function or method with arguments.
class Command: Node, @unchecked Sendable {
    /// - Parameter last: the value of the command before, where there is one.
    func run(_ machine: Machine, _ dot: Datum, _ last: Datum?) throws(TemplateFailure) -> Datum { .none }
}

/// A command that begins with anything but a function's name.
final class ValueCommand: Command, @unchecked Sendable {
    let words: [Expression]

    init(_ id: Int, _ position: Int, _ words: [Expression]) {
        self.words = words
        super.init(id, position)
    }

    override var text: String { CallCommand.text(words) }

    override func run(_ machine: Machine, _ dot: Datum, _ last: Datum?) throws(TemplateFailure) -> Datum {
        let first = words[0]
        if words.count == 1, last == nil { return try first.evaluate(machine, dot) }
        if let chain = first as? FieldChain {
            return try chain.evaluate(machine, dot, arguments: words.dropFirst(), last: last)
        }
        machine.at = first.id
        throw machine.failure("can't give argument to non-function \(first.text)")
    }
}

/// A function with its arguments.
final class CallCommand: Command, @unchecked Sendable {
    let name: FunctionName
    let arguments: [Expression]

    init(_ id: Int, _ position: Int, _ name: FunctionName, _ arguments: [Expression]) {
        self.name = name
        self.arguments = arguments
        super.init(id, position)
    }

    override var text: String { Self.text([name] + arguments) }

    static func text(_ words: [Expression]) -> String {
        words.map { $0 is Pipe ? "(\($0.text))" : $0.text }.joined(separator: " ")
    }

    override func run(_ machine: Machine, _ dot: Datum, _ last: Datum?) throws(TemplateFailure) -> Datum {
        machine.at = name.id
        return try machine.call(name.function, arguments, last, dot, at: id)
    }
}

/// A function's name, which as an argument calls the function without arguments.
final class FunctionName: Expression, @unchecked Sendable {
    let function: Function

    init(_ id: Int, _ position: Int, _ function: Function) {
        self.function = function
        super.init(id, position)
    }

    override var text: String { function.name }

    override func evaluate(_ machine: Machine, _ dot: Datum) throws(TemplateFailure) -> Datum {
        machine.at = id
        return try machine.call(function, [], nil, dot, at: id)
    }
}
