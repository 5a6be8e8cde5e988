// SPDX-License-Identifier: Apache-2.0

/// The difference of two texts by lines, in the form of `diff -u` without its head.
enum UnifiedDiff {
    private enum Line {
        case same(String)
        case gone(String)
        case new(String)
    }

    static func text(_ old: [String], _ new: [String], context: Int = 3) -> String {
        let lines = script(old, new)
        let changed = lines.indices.filter { if case .same = lines[$0] { false } else { true } }
        guard var start = changed.first else { return "" }
        var result = ""
        var end = start
        func flush() { result += hunk(lines, max(0, start - context), min(lines.count, end + context + 1)) }
        for index in changed.dropFirst() {
            if index - end > 2 * context {
                flush()
                start = index
            }
            end = index
        }
        flush()
        return result
    }

    private static func hunk(_ lines: [Line], _ first: Int, _ last: Int) -> String {
        func counts(_ part: ArraySlice<Line>) -> (old: Int, new: Int) {
            part.reduce(into: (0, 0)) { result, line in
                switch line {
                case .same:
                    result.0 += 1
                    result.1 += 1
                case .gone: result.0 += 1
                case .new: result.1 += 1
                }
            }
        }
        let before = counts(lines[..<first])
        let inside = counts(lines[first..<last])
        func range(_ start: Int, _ count: Int) -> String { count == 1 ? "\(start + 1)" : "\(count == 0 ? start : start + 1),\(count)" }
        var text = "@@ -\(range(before.old, inside.old)) +\(range(before.new, inside.new)) @@\n"
        for line in lines[first..<last] {
            switch line {
            case .same(let line): text += " \(line)\n"
            case .gone(let line): text += "-\(line)\n"
            case .new(let line): text += "+\(line)\n"
            }
        }
        return text
    }

    /// The lines of both, by their longest common subsequence between what begins and ends them alike.
    private static func script(_ old: [String], _ new: [String]) -> [Line] {
        var head = 0
        while head < min(old.count, new.count), old[head] == new[head] { head += 1 }
        var tail = 0
        while tail < min(old.count, new.count) - head, old[old.count - 1 - tail] == new[new.count - 1 - tail] { tail += 1 }
        let left = Array(old[head..<(old.count - tail)])
        let right = Array(new[head..<(new.count - tail)])
        var result = old[..<head].map { Line.same($0) }
        // Both middles are short in practice; beyond this the whole middle counts as changed.
        if left.count * right.count > 4_000_000 {
            result += left.map { .gone($0) } + right.map { .new($0) }
        } else {
            result += middle(left, right)
        }
        return result + old[(old.count - tail)...].map { .same($0) }
    }

    private static func middle(_ left: [String], _ right: [String]) -> [Line] {
        var lengths = Array(repeating: Array(repeating: 0, count: right.count + 1), count: left.count + 1)
        for i in left.indices.reversed() {
            for j in right.indices.reversed() {
                lengths[i][j] = left[i] == right[j] ? lengths[i + 1][j + 1] + 1 : max(lengths[i + 1][j], lengths[i][j + 1])
            }
        }
        var result: [Line] = []
        var (i, j) = (0, 0)
        while i < left.count || j < right.count {
            if i < left.count, j < right.count, left[i] == right[j] {
                result.append(.same(left[i]))
                i += 1
                j += 1
            } else if i < left.count, j == right.count || lengths[i + 1][j] >= lengths[i][j + 1] {
                result.append(.gone(left[i]))
                i += 1
            } else {
                result.append(.new(right[j]))
                j += 1
            }
        }
        return result
    }
}
