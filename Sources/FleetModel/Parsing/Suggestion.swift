// SPDX-License-Identifier: Apache-2.0

/// Finds what somebody may have meant.
package enum Suggestion {
    /// `did you mean 'prune'?`, or the list of what there is while that is short; `nil` where there is nothing to say.
    package static func hint(for word: String, among known: [String], what: String) -> String? {
        if let nearest = nearest(to: word, among: known) { return "did you mean '\(nearest)'?" }
        guard !known.isEmpty, known.count <= 24 else { return nil }
        return "\(what): \(known.joined(separator: ", "))"
    }

    /// The closest of `known`, if it is close: up to a third of the letters differ, capitals apart.
    static func nearest(to word: String, among known: [String]) -> String? {
        let word = Array(word.lowercased().utf8)
        let limit = max(1, word.count / 3)
        var best: (distance: Int, name: String)?
        for name in known {
            let candidate = Array(name.lowercased().utf8)
            guard abs(candidate.count - word.count) <= limit else { continue }
            let distance = distance(word, candidate)
            if distance <= limit, distance < best?.distance ?? .max { best = (distance, name) }
        }
        return best?.name
    }

    /// Levenshtein's edit distance, with neighbours swapped counting once (optimal string alignment).
    static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var beforeLast = [Int](repeating: 0, count: right.count + 1)
        var last = Array(0...right.count)
        for (row, letter) in left.enumerated() {
            var current = [row + 1]
            for (column, other) in right.enumerated() {
                var cost = min(last[column + 1] + 1, current[column] + 1, last[column] + (letter == other ? 0 : 1))
                if row > 0, column > 0, letter == right[column - 1], left[row - 1] == other {
                    cost = min(cost, beforeLast[column - 1] + 1)
                }
                current.append(cost)
            }
            (beforeLast, last) = (last, current)
        }
        return last[right.count]
    }
}
