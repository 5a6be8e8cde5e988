// SPDX-License-Identifier: Apache-2.0

/// How a search is to be done.
struct Search {
    /// Which algorithm runs the program; both find the same.
    enum Machine { case automatic, backtracking, threads }

    /// The largest program, and the most pairs of instruction and position, that backtracking is used for.
    private static let backtrackingProgramLimit = 512
    static let backtrackingPairLimit = 262_144

    var machine = Machine.automatic
    var longest = false
    /// Positions wanted: none, two (the match) or all of the program's.
    var slotCount = 0
    /// Pairs of instruction and position that were looked at: what the time is proportional to.
    private(set) var steps = 0

    init(_ machine: Machine = .automatic, longest: Bool = false, slotCount: Int = 0) {
        self.machine = machine
        self.longest = longest
        self.slotCount = slotCount
    }

    /// Finds the leftmost match at or after `start` and stores its positions, -1 for a capture that took no part.
    ///
    /// Time is O(instructions × text), memory O(instructions × slots), for every pattern and text.
    mutating func run(_ program: Program, _ text: UTF8Text, from start: Int, _ slots: inout [Int]) -> Bool {
        guard !program.isAnchored || start == 0 else { return false }
        let pairs = program.instructions.count * (text.count - start + 1)
        let isSmall = program.instructions.count <= Self.backtrackingProgramLimit && pairs <= Self.backtrackingPairLimit
        return program.withView { view in
            switch machine {
            case .automatic where isSmall, .backtracking:
                var backtracker = Backtracker(view, text, start, longest: longest, slotCount: slotCount)
                let isFound = backtracker.run()
                if isFound { slots = backtracker.best }
                steps += backtracker.steps
                return isFound
            case .automatic, .threads:
                var machine = ThreadMachine(view, text, longest: longest, slotCount: slotCount)
                defer { machine.deallocate() }
                let isFound = machine.run(from: start)
                if isFound { slots = machine.best }
                steps += machine.steps
                return isFound
            }
        }
    }
}
