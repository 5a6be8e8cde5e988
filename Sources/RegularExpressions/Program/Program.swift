// SPDX-License-Identifier: Apache-2.0

/// A compiled pattern: what the matchers run. Immutable, and shared by all copies of an expression.
final class Program: Sendable {
    struct Instruction: Sendable {
        enum Operation: UInt8, Sendable {
            /// Consume the code point `x`.
            case scalar
            /// Consume one code point of the set `x`.
            case set
            /// Consume any code point.
            case any
            /// Consume any code point but a newline.
            case anyButNewline
            /// Go on at `x`; if that fails, at `y`.
            case split
            /// Go on at `x`.
            case jump
            /// Store the position in slot `x`.
            case save
            /// Go on if the assertion with the raw value `x` holds.
            case assert
            case match
        }

        var operation: Operation
        var x: UInt32 = 0
        var y: UInt32 = 0
    }

    /// Where a set lies in `bounds`, and its ASCII part as bits.
    struct SetTable: Sendable {
        var low: UInt64 = 0
        var high: UInt64 = 0
        var start = 0
        var count = 0
    }

    /// The most instructions of a program.
    static let instructionLimit = 131_072
    /// The most positions that the threads of one search may hold: instructions times slots.
    static let positionLimit = 4_194_304

    let instructions: [Instruction]
    let sets: [SetTable]
    /// First and last code point of each range of each set.
    let bounds: [UInt32]
    /// Two slots for the match and each capture.
    let slotCount: Int
    let captureNames: [String?]
    /// Whether no match can begin anywhere but at the start of the text.
    let isAnchored: Bool
    /// The bytes with which every match begins.
    let prefix: [UInt8]
    /// The whole pattern, where it is simple enough to be compared instead of run.
    let shape: LiteralShape?

    /// - Throws: `tooLarge` beyond the limits above, with the beginning of `pattern`.
    init(_ tree: SyntaxTree, pattern: [UInt8]) throws(RegularExpressionError) {
        var compiler = Compiler(tree)
        let slots = 2 * tree.captureNames.count
        guard compiler.compile(), compiler.instructions.count * slots <= Self.positionLimit else {
            throw RegularExpressionError(.tooLarge, String(decoding: pattern.prefix(64), as: UTF8.self) + (pattern.count > 64 ? "…" : ""))
        }
        instructions = compiler.instructions
        var bounds: [UInt32] = []
        sets = tree.sets.map { set in
            var table = SetTable(start: bounds.count, count: set.ranges.count)
            for range in set.ranges {
                bounds.append(range.lowerBound)
                bounds.append(range.upperBound)
                guard range.lowerBound < 128 else { continue }
                for scalar in range.lowerBound...min(range.upperBound, 127) {
                    if scalar < 64 { table.low |= 1 << UInt64(scalar) } else { table.high |= 1 << UInt64(scalar - 64) }
                }
            }
            return table
        }
        self.bounds = bounds
        slotCount = slots
        captureNames = tree.captureNames
        isAnchored = tree.beginsText(tree.root)
        prefix = tree.literalPrefix()
        shape = LiteralShape(tree)
    }
}

/// The arrays of a program as pointers, for the inner loops.
struct ProgramView {
    let instructions: UnsafeBufferPointer<Program.Instruction>
    let sets: UnsafeBufferPointer<Program.SetTable>
    let bounds: UnsafeBufferPointer<UInt32>
    let prefix: UnsafeBufferPointer<UInt8>
    let isAnchored: Bool

    @inline(__always)
    func consumes(_ instruction: Program.Instruction, _ scalar: UInt32) -> Bool {
        switch instruction.operation {
        case .scalar: instruction.x == scalar
        case .set: contains(Int(instruction.x), scalar)
        case .any: true
        case .anyButNewline: scalar != 0x0A
        case .split, .jump, .save, .assert, .match: false
        }
    }

    private func contains(_ set: Int, _ scalar: UInt32) -> Bool {
        let table = sets[set]
        if scalar < 128 {
            return (scalar < 64 ? table.low >> UInt64(scalar) : table.high >> UInt64(scalar - 64)) & 1 == 1
        }
        var low = 0
        var high = table.count
        while low < high {
            let middle = (low + high) / 2
            if bounds[table.start + 2 * middle + 1] < scalar { low = middle + 1 } else { high = middle }
        }
        return low < table.count && bounds[table.start + 2 * low] <= scalar
    }
}

extension Program {
    func withView<Result>(_ body: (ProgramView) -> Result) -> Result {
        instructions.withUnsafeBufferPointer { instructions in
            sets.withUnsafeBufferPointer { sets in
                bounds.withUnsafeBufferPointer { bounds in
                    prefix.withUnsafeBufferPointer { prefix in
                        body(
                            ProgramView(
                                instructions: instructions, sets: sets, bounds: bounds, prefix: prefix, isAnchored: isAnchored))
                    }
                }
            }
        }
    }
}
