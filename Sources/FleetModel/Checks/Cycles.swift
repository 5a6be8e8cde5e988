// SPDX-License-Identifier: Apache-2.0

/// Finds what waits for itself.
enum Cycles {
    /// The cycles that a depth-first walk meets, each node in at most one; every cycle begins at its node that is first in `nodes`.
    static func find(in nodes: [String], edges: [String: [String]]) -> [[String]] {
        var done: Set<String> = []
        var cycles: [[String]] = []
        for start in nodes where !done.contains(start) { walk(start, nodes, edges, &done, &cycles) }
        return cycles
    }

    /// With a stack of its own: chains may be long.
    private static func walk(
        _ start: String, _ nodes: [String], _ edges: [String: [String]], _ done: inout Set<String>, _ cycles: inout [[String]]
    ) {
        var trail: [String] = [start]
        var next: [Int] = [0]
        while let node = trail.last, let index = next.last {
            let targets = edges[node] ?? []
            guard index < targets.count else {
                done.insert(node)
                trail.removeLast()
                next.removeLast()
                continue
            }
            next[next.count - 1] += 1
            let target = targets[index]
            if let begin = trail.firstIndex(of: target) {
                cycles.append(rotated(Array(trail[begin...]), nodes))
            } else if !done.contains(target), edges[target] != nil {
                trail.append(target)
                next.append(0)
            }
        }
    }

    private static func rotated(_ cycle: [String], _ nodes: [String]) -> [String] {
        let places = cycle.map { nodes.firstIndex(of: $0) ?? .max }
        guard let least = places.min(), let begin = places.firstIndex(of: least) else { return cycle }
        return Array(cycle[begin...] + cycle[..<begin])
    }
}
