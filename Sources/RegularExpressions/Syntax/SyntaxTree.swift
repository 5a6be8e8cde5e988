// SPDX-License-Identifier: Apache-2.0

/// A parsed pattern. Nodes lie in one array, children before their parents, so that depth costs no stack to free.
struct SyntaxTree: Sendable {
    /// The deepest that an expression may nest, and the most often that a part may be repeated by counting.
    static let depthLimit = 1000
    static let repeatLimit = 1000

    typealias ID = Int

    enum Node: Sendable {
        case empty
        case scalar(UInt32)
        /// One code point of `sets[index]`.
        case set(Int)
        case assertion(Assertion)
        case capture(ID, index: Int)
        case sequence([ID])
        case choice([ID])
        /// `maximum` is nil where there is none.
        case repetition(ID, minimum: Int, maximum: Int?, greedy: Bool)
    }

    /// What must hold between two code points.
    enum Assertion: UInt8, Sendable {
        case beginLine, endLine, beginText, endText, wordBoundary, noWordBoundary
    }

    private struct Facts {
        var height: Int
        var isNullable: Bool
        /// How often the most repeated part below may have to be written out.
        var copies: Int
        var isLiteral: Bool
    }

    private(set) var nodes: [Node] = []
    private var facts: [Facts] = []
    private(set) var sets: [ScalarSet] = []
    private var setIndices: [ScalarSet: Int] = [:]

    /// The names of the captures, the whole match first; nil where there is none.
    var captureNames: [String?] = [nil]
    var root: ID = 0

    func height(_ node: ID) -> Int { facts[node].height }

    /// Whether the node can match the empty string.
    func isNullable(_ node: ID) -> Bool { facts[node].isNullable }

    func copies(_ node: ID) -> Int { facts[node].copies }

    mutating func add(_ node: Node) -> ID {
        nodes.append(node)
        facts.append(makeFacts(node))
        return nodes.count - 1
    }

    /// Adds a node for one code point of `set`.
    mutating func add(_ set: ScalarSet) -> ID {
        if let scalar = set.onlyScalar { return add(.scalar(scalar)) }
        let index = setIndices[set] ?? sets.count
        if index == sets.count {
            sets.append(set)
            setIndices[set] = index
        }
        return add(.set(index))
    }

    private func makeFacts(_ node: Node) -> Facts {
        switch node {
        case .empty, .assertion:
            return Facts(height: 1, isNullable: true, copies: 1, isLiteral: false)
        case .scalar, .set:
            var isScalar = false
            if case .scalar = node { isScalar = true }
            return Facts(height: 1, isNullable: false, copies: 1, isLiteral: isScalar)
        case .capture(let child, _):
            var result = facts[child]
            result.height += 1
            result.isLiteral = false
            return result
        case .sequence(let children):
            // A run of literal characters counts as one node, as in Go.
            let isLiteral = children.allSatisfy { facts[$0].isLiteral }
            return Facts(
                height: isLiteral ? 1 : 1 + highest(children, \.height),
                isNullable: children.allSatisfy { facts[$0].isNullable },
                copies: highest(children, \.copies), isLiteral: isLiteral)
        case .choice(let children):
            return Facts(
                height: 1 + highest(children, \.height), isNullable: children.contains { facts[$0].isNullable },
                copies: highest(children, \.copies), isLiteral: false)
        case .repetition(let child, let minimum, let maximum, _):
            var result = facts[child]
            result.height += 1
            result.isLiteral = false
            result.isNullable = result.isNullable || minimum == 0
            let times = maximum ?? minimum
            // What is repeated never need not be written out at all, however large.
            if maximum == 0 { result.copies = 1 } else { result.copies *= max(1, times) }
            return result
        }
    }

    private func highest(_ children: [ID], _ fact: KeyPath<Facts, Int>) -> Int {
        children.reduce(1) { max($0, facts[$1][keyPath: fact]) }
    }
}
