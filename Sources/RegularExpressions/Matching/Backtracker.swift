// SPDX-License-Identifier: Apache-2.0

/// Tries the alternatives of a program one after the other, each pair of instruction and position at most once.
///
/// A pair that failed once fails again, also for a later start of the match, so nothing is lost and time stays linear.
struct Backtracker {
    /// Something to go back to: an instruction at a position, or a slot that gets its old value again.
    private struct Job {
        /// An instruction, or the complement of a slot.
        let target: Int32
        let position: Int
    }

    private let program: ProgramView
    private let text: UTF8Text
    private let start: Int
    private let longest: Bool

    private var visited: [UInt64]
    private var jobs: [Job] = []
    private var slots: [Int]
    /// The positions of the best match so far.
    private(set) var best: [Int] = []
    private var bestEnd = -1
    private(set) var steps = 0

    init(_ program: ProgramView, _ text: UTF8Text, _ start: Int, longest: Bool, slotCount: Int) {
        self.program = program
        self.text = text
        self.start = start
        self.longest = longest
        visited = Array(repeating: 0, count: (program.instructions.count * (text.count - start + 1) + 63) / 64)
        slots = Array(repeating: -1, count: slotCount)
    }

    mutating func run() -> Bool {
        var position = start
        while position <= text.count {
            if !program.isAnchored, !program.prefix.isEmpty {
                guard let next = text.firstIndex(of: program.prefix, from: position) else { return false }
                position = next
            }
            if tryMatch(at: position) { return true }
            if program.isAnchored { return false }
            position += position < text.count ? text.decode(at: position).width : 1
        }
        return false
    }

    private mutating func tryMatch(at position: Int) -> Bool {
        bestEnd = -1
        jobs.append(Job(target: 0, position: position))
        while let job = jobs.popLast() {
            if job.target < 0 {
                slots[Int(~job.target)] = job.position
            } else if follow(Int(job.target), job.position) {
                jobs.removeAll(keepingCapacity: true)
                break
            }
        }
        return bestEnd >= 0
    }

    /// Runs on from one instruction until it fails; true when no other alternative can be better.
    private mutating func follow(_ first: Int, _ firstPosition: Int) -> Bool {
        var counter = first
        var position = firstPosition
        let width = text.count - start + 1
        while true {
            let pair = counter * width + position - start
            let bit: UInt64 = 1 << UInt64(pair & 63)
            if visited[pair >> 6] & bit != 0 { return false }
            visited[pair >> 6] |= bit
            steps += 1
            let instruction = program.instructions[counter]
            switch instruction.operation {
            case .scalar, .set, .any, .anyButNewline:
                guard position < text.count else { return false }
                let decoded = text.decode(at: position)
                guard program.consumes(instruction, decoded.scalar) else { return false }
                position += decoded.width
                counter += 1
            case .split:
                jobs.append(Job(target: Int32(instruction.y), position: position))
                counter = Int(instruction.x)
            case .jump:
                counter = Int(instruction.x)
            case .save:
                let slot = Int(instruction.x)
                if slot < slots.count {
                    jobs.append(Job(target: ~Int32(slot), position: slots[slot]))
                    slots[slot] = position
                }
                counter += 1
            case .assert:
                guard let assertion = SyntaxTree.Assertion(rawValue: UInt8(instruction.x)), text.holds(assertion, at: position) else {
                    return false
                }
                counter += 1
            case .match:
                if position > bestEnd {
                    bestEnd = position
                    best = slots
                }
                return !longest || slots.isEmpty || position == text.count
            }
        }
    }
}
