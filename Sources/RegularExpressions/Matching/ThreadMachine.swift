// SPDX-License-Identifier: Apache-2.0

/// Pike's machine: all alternatives advance together through the text, in order of preference.
///
/// Its memory does not depend on the text. `deallocate()` must be called at the end.
struct ThreadMachine {
    /// The threads that wait at one position, best first: each waits at another instruction, with its own slots.
    private struct Queue {
        let counters: UnsafeMutablePointer<Int32>
        let slots: UnsafeMutablePointer<Int>
        var count = 0

        init(_ instructions: Int, _ slotCount: Int) {
            counters = .allocate(capacity: instructions)
            slots = .allocate(capacity: max(1, instructions * slotCount))
        }

        func deallocate() {
            counters.deallocate()
            slots.deallocate()
        }
    }

    private struct Job {
        /// An instruction, or the complement of a slot.
        let target: Int32
        let position: Int
    }

    private let program: ProgramView
    private let text: UTF8Text
    private let longest: Bool
    private let slotCount: Int

    private var current: Queue
    private var next: Queue
    /// In which round each instruction was last reached.
    private var reached: [Int]
    private var round = 0
    private var jobs: [Job] = []
    private var slots: [Int]
    private(set) var best: [Int] = []
    private var bestEnd = -1
    private(set) var steps = 0

    init(_ program: ProgramView, _ text: UTF8Text, longest: Bool, slotCount: Int) {
        self.program = program
        self.text = text
        self.longest = longest
        self.slotCount = slotCount
        current = Queue(program.instructions.count, slotCount)
        next = Queue(program.instructions.count, slotCount)
        reached = Array(repeating: 0, count: program.instructions.count)
        slots = Array(repeating: -1, count: slotCount)
    }

    func deallocate() {
        current.deallocate()
        next.deallocate()
    }

    mutating func run(from start: Int) -> Bool {
        var position = start
        round += 1
        while true {
            if current.count == 0 {
                if bestEnd >= 0 { break }
                if program.isAnchored, position > start { break }
                if !program.isAnchored, !program.prefix.isEmpty {
                    guard let found = text.firstIndex(of: program.prefix, from: position) else { break }
                    position = found
                }
                // Assertions that failed at the position before may hold here.
                round += 1
            }
            if bestEnd < 0, position == start || !program.isAnchored {
                for slot in 0..<slotCount { slots[slot] = -1 }
                var queue = current
                add(0, at: position, to: &queue)
                current = queue
            }
            let isAtEnd = position == text.count
            let decoded = isAtEnd ? UTF8Text.Decoded(scalar: .max, width: 0) : text.decode(at: position)
            // What is added from here on belongs to the position behind the code point.
            round += 1
            if step(position, decoded, isAtEnd: isAtEnd) { return true }
            swap(&current, &next)
            next.count = 0
            if isAtEnd { break }
            position += decoded.width
        }
        return bestEnd >= 0
    }

    /// Lets every thread see one code point; true when nothing more needs to be known.
    private mutating func step(_ position: Int, _ decoded: UTF8Text.Decoded, isAtEnd: Bool) -> Bool {
        var queue = next
        defer { next = queue }
        for index in 0..<current.count {
            steps += 1
            let counter = Int(current.counters[index])
            let instruction = program.instructions[counter]
            let threadSlots = current.slots + index * slotCount
            // Of two starts the leftmost wins, however long the other match.
            if longest, bestEnd >= 0, slotCount > 0, best[0] < threadSlots[0] { continue }
            if instruction.operation == .match {
                guard slotCount > 0 else {
                    bestEnd = position
                    return true
                }
                if !longest || bestEnd < position {
                    bestEnd = position
                    best = Array(UnsafeBufferPointer(start: threadSlots, count: slotCount))
                }
                // The threads behind this one are worse.
                if !longest { return false }
                continue
            }
            guard !isAtEnd, program.consumes(instruction, decoded.scalar) else { continue }
            for slot in 0..<slotCount { slots[slot] = threadSlots[slot] }
            add(counter + 1, at: position + decoded.width, to: &queue)
        }
        return false
    }

    /// Adds a thread, and those it splits into, for each instruction that consumes or matches.
    private mutating func add(_ first: Int, at position: Int, to queue: inout Queue) {
        jobs.append(Job(target: Int32(first), position: 0))
        while let job = jobs.popLast() {
            guard job.target >= 0 else {
                slots[Int(~job.target)] = job.position
                continue
            }
            var counter = Int(job.target)
            follow: while reached[counter] != round {
                reached[counter] = round
                steps += 1
                let instruction = program.instructions[counter]
                switch instruction.operation {
                case .split:
                    jobs.append(Job(target: Int32(instruction.y), position: 0))
                    counter = Int(instruction.x)
                case .jump:
                    counter = Int(instruction.x)
                case .save:
                    let slot = Int(instruction.x)
                    if slot < slotCount {
                        jobs.append(Job(target: ~Int32(slot), position: slots[slot]))
                        slots[slot] = position
                    }
                    counter += 1
                case .assert:
                    guard let assertion = SyntaxTree.Assertion(rawValue: UInt8(instruction.x)), text.holds(assertion, at: position)
                    else { break follow }
                    counter += 1
                case .scalar, .set, .any, .anyButNewline, .match:
                    queue.counters[queue.count] = Int32(counter)
                    for slot in 0..<slotCount { queue.slots[queue.count * slotCount + slot] = slots[slot] }
                    queue.count += 1
                    break follow
                }
            }
        }
    }
}
