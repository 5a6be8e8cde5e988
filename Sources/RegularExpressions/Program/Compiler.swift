// SPDX-License-Identifier: Apache-2.0

/// Writes a syntax tree out as instructions; each part falls through to the one after it.
struct Compiler {
    private let tree: SyntaxTree
    private(set) var instructions: [Program.Instruction] = []
    private var isTooLarge = false

    init(_ tree: SyntaxTree) { self.tree = tree }

    /// Compiles the tree between the two slots of the whole match; false when the program would be too large.
    mutating func compile() -> Bool {
        emit(.save, 0)
        emit(tree.root)
        emit(.save, 1)
        emit(.match)
        return !isTooLarge
    }

    private mutating func emit(_ operation: Program.Instruction.Operation, _ x: Int = 0) {
        guard instructions.count < Program.instructionLimit else {
            isTooLarge = true
            return
        }
        instructions.append(Program.Instruction(operation: operation, x: UInt32(x)))
    }

    // The depth of this recursion is that of the tree, which the parser bounds.
    private mutating func emit(_ node: SyntaxTree.ID) {
        guard !isTooLarge else { return }
        switch tree.nodes[node] {
        case .empty: break
        case .scalar(let scalar): emit(.scalar, Int(scalar))
        case .set(let index):
            switch tree.sets[index] {
            case .all: emit(.any)
            case .allButNewline: emit(.anyButNewline)
            default: emit(.set, index)
            }
        case .assertion(let assertion): emit(.assert, Int(assertion.rawValue))
        case .capture(let child, let index):
            emit(.save, 2 * index)
            emit(child)
            emit(.save, 2 * index + 1)
        case .sequence(let children):
            for child in children { emit(child) }
        case .choice(let children): emitChoice(children)
        case .repetition(let child, let minimum, let maximum, let greedy):
            emitRepetition(child, minimum, maximum, greedy: greedy)
        }
    }

    private mutating func emitChoice(_ children: [SyntaxTree.ID]) {
        var jumps: [Int] = []
        for child in children.dropLast() {
            let split = instructions.count
            emit(.split)
            emit(child)
            jumps.append(instructions.count)
            emit(.jump)
            patch(split, split + 1, instructions.count)
        }
        if let last = children.last { emit(last) }
        for jump in jumps { patch(jump, instructions.count) }
    }

    private mutating func emitRepetition(_ child: SyntaxTree.ID, _ minimum: Int, _ maximum: Int?, greedy: Bool) {
        guard let maximum else {
            for _ in 0..<max(0, minimum - 1) where !isTooLarge { emit(child) }
            if minimum == 0 { emitStar(child, greedy: greedy) } else { emitPlus(child, greedy: greedy) }
            return
        }
        for _ in 0..<minimum where !isTooLarge { emit(child) }
        var splits: [Int] = []
        for _ in minimum..<maximum where !isTooLarge {
            splits.append(instructions.count)
            emit(.split)
            emit(child)
        }
        for split in splits { patch(split, split + 1, instructions.count, preferFirst: greedy) }
    }

    private mutating func emitPlus(_ child: SyntaxTree.ID, greedy: Bool) {
        let start = instructions.count
        emit(child)
        let split = instructions.count
        emit(.split)
        patch(split, start, split + 1, preferFirst: greedy)
    }

    private mutating func emitStar(_ child: SyntaxTree.ID, greedy: Bool) {
        let split = instructions.count
        emit(.split)
        if tree.isNullable(child) {
            // `(?:x+)?`, as Go does: otherwise an empty pass through x would count as less than none at all.
            emitPlus(child, greedy: greedy)
        } else {
            emit(child)
            emit(.jump, split)
        }
        patch(split, split + 1, instructions.count, preferFirst: greedy)
    }

    private mutating func patch(_ index: Int, _ x: Int, _ y: Int = 0, preferFirst: Bool = true) {
        guard !isTooLarge else { return }
        instructions[index].x = UInt32(preferFirst ? x : y)
        instructions[index].y = UInt32(preferFirst ? y : x)
    }
}
