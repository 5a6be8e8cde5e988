// SPDX-License-Identifier: Apache-2.0

/// A pattern that is a choice of literal texts between optional anchors and `.*`, such as `^(web|api)-.*$`.
///
/// Whether a text matches is then a comparison, without any program or memory. Captures do not matter for that.
struct LiteralShape: Sendable {
    private static let textLimit = 64

    /// What may stand before or after the literal text.
    private enum Gap { case none, line, anything }

    private let texts: [[UInt8]]
    private let isAnchoredAtStart: Bool
    private let isAnchoredAtEnd: Bool
    private let leading: Gap
    private let trailing: Gap

    init?(_ tree: SyntaxTree) {
        var parts: [SyntaxTree.ID] = []
        Self.flatten(tree.root, of: tree, into: &parts)
        var rest = parts[...]
        isAnchoredAtStart = rest.first.map { Self.isAssertion(tree.nodes[$0], .beginText) } ?? false
        if isAnchoredAtStart { rest.removeFirst() }
        isAnchoredAtEnd = rest.last.map { Self.isAssertion(tree.nodes[$0], .endText) } ?? false
        if isAnchoredAtEnd { rest.removeLast() }
        leading = rest.first.map { Self.gap($0, of: tree) } ?? .none
        if leading != .none { rest.removeFirst() }
        trailing = rest.last.map { Self.gap($0, of: tree) } ?? .none
        if trailing != .none { rest.removeLast() }

        guard let texts = Self.product(rest, of: tree) else { return nil }
        self.texts = texts
    }

    /// Whether the pattern is found in `text`; nil when only the program can tell.
    func matches(_ text: UTF8Text) -> Bool? {
        var startIsFixed = isAnchoredAtStart
        var endIsFixed = isAnchoredAtEnd
        var needsOneLine = false
        if startIsFixed, leading != .none {
            startIsFixed = false
            needsOneLine = leading == .line
        }
        if endIsFixed, trailing != .none {
            endIsFixed = false
            needsOneLine = needsOneLine || trailing == .line
        }
        if needsOneLine, text.bytes.contains(0x0A) { return nil }
        for literal in texts {
            let isFound = literal.withUnsafeBufferPointer { needle in
                switch (startIsFixed, endIsFixed) {
                case (true, true): needle.count == text.count && text.matches(needle, at: 0)
                case (true, false): text.matches(needle, at: 0)
                case (false, true): text.matches(needle, at: text.count - needle.count)
                case (false, false): needle.isEmpty || text.firstIndex(of: needle, from: 0) != nil
                }
            }
            if isFound { return true }
        }
        return false
    }

    /// The parts of nested sequences, in order.
    private static func flatten(_ node: SyntaxTree.ID, of tree: SyntaxTree, into parts: inout [SyntaxTree.ID]) {
        switch tree.nodes[node] {
        case .sequence(let children):
            for child in children { flatten(child, of: tree, into: &parts) }
        case .capture(let child, _): flatten(child, of: tree, into: &parts)
        case .empty, .scalar, .set, .assertion, .choice, .repetition: parts.append(node)
        }
    }

    private static func isAssertion(_ node: SyntaxTree.Node, _ wanted: SyntaxTree.Assertion) -> Bool {
        guard case .assertion(let assertion) = node else { return false }
        return assertion == wanted
    }

    private static func gap(_ node: SyntaxTree.ID, of tree: SyntaxTree) -> Gap {
        guard case .repetition(let child, 0, nil, _) = tree.nodes[node], case .set(let index) = tree.nodes[child] else { return .none }
        return switch tree.sets[index] {
        case .all: .anything
        case .allButNewline: .line
        default: .none
        }
    }

    /// The texts that `node` can match; nil when they are not a few literal ones.
    private static func texts(_ node: SyntaxTree.ID, of tree: SyntaxTree) -> [[UInt8]]? {
        switch tree.nodes[node] {
        case .empty: return [[]]
        case .scalar(let scalar):
            var bytes: [UInt8] = []
            return SyntaxTree.append(scalar, to: &bytes) ? [bytes] : nil
        case .capture(let child, _): return texts(child, of: tree)
        case .sequence(let children): return product(children[...], of: tree)
        case .choice(let children):
            guard children.count <= textLimit else { return nil }
            var all: [[UInt8]] = []
            for child in children {
                guard let more = texts(child, of: tree), all.count + more.count <= textLimit else { return nil }
                all += more
            }
            return all
        case .set, .assertion, .repetition: return nil
        }
    }

    /// The texts of `parts` one after the other.
    private static func product(_ parts: ArraySlice<SyntaxTree.ID>, of tree: SyntaxTree) -> [[UInt8]]? {
        var result: [[UInt8]] = [[]]
        for part in parts {
            guard let choices = texts(part, of: tree), result.count * choices.count <= textLimit else { return nil }
            if choices.count == 1 {
                for index in result.indices { result[index] += choices[0] }
            } else {
                result = result.flatMap { text in choices.map { text + $0 } }
            }
        }
        return result
    }
}
