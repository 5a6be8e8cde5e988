// SPDX-License-Identifier: Apache-2.0

/// A piece of a parsed template; it knows where it stands, for errors, and how to print itself as Go does.
///
/// Unchecked because it is no final class: all properties of all nodes are constants of sendable types.
class Node: @unchecked Sendable {
    /// The index in `Source.nodes`.
    let id: Int
    /// In bytes from the beginning of the file.
    let position: Int

    init(_ id: Int, _ position: Int) {
        self.id = id
        self.position = position
    }

    /// The template text that this node stands for, in Go's normal form.
    var text: String { "" }
}

/// What walking a statement leads to.
enum Flow {
    case next, `break`, `continue`
}

/// A node that writes output or steers.
class Statement: Node, @unchecked Sendable {
    func walk(_ machine: Machine, _ dot: Datum) throws(TemplateFailure) -> Flow { .next }
}

/// A node that has a value.
class Expression: Node, @unchecked Sendable {
    /// The value; `.null` for the absent member of a map, `.none` where there is nothing.
    func evaluate(_ machine: Machine, _ dot: Datum) throws(TemplateFailure) -> Datum { .none }

    /// The value as the argument of a function that takes `parameter`.
    func argument(_ machine: Machine, _ dot: Datum, _ parameter: Parameter) throws(TemplateFailure) -> Datum {
        machine.at = id
        return try machine.validate(evaluate(machine, dot), parameter)
    }
}

/// A template's text as it was given, shared by all templates that it defines.
final class Source: Sendable {
    let name: String
    let bytes: [UInt8]
    let nodes: [Node]

    init(name: String, bytes: [UInt8], nodes: [Node]) {
        self.name = name
        self.bytes = bytes
        self.nodes = nodes
    }

    /// `name:line:column` of a node; columns count bytes from 0, as Go does here.
    func location(_ node: Node) -> String {
        let before = bytes[..<min(node.position, bytes.count)]
        let line = 1 + before.count { $0 == UInt8(ascii: "\n") }
        let column = before.lastIndex(of: UInt8(ascii: "\n")).map { node.position - $0 - 1 } ?? node.position
        return "\(name):\(line):\(column)"
    }
}

/// A named template, ready to be carried out.
package final class Template: Sendable {
    package let name: String
    let source: Source
    let root: Block
    /// How many variables are needed at once, `$` included.
    let slotCount: Int
    /// Whether it holds nothing but blanks, in which case it does not replace another of its name.
    let isEmpty: Bool

    init(name: String, source: Source, root: Block, slotCount: Int) {
        self.name = name
        self.source = source
        self.root = root
        self.slotCount = slotCount
        isEmpty = root.isBlank
    }
}
