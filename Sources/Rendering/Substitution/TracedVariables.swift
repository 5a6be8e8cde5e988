// SPDX-License-Identifier: Apache-2.0

/// The variables of a render, with a note of every one that was asked for. Used on one thread.
final class TracedVariables {
    private let values: [String: String]
    /// What was asked, by full name, and the answer; `nil` for what is not defined. Names that were tried in vain are in it too, so that
    /// comparing the answers with other variables is enough to know that a render would be the same.
    private(set) var answers: [String: String?] = [:]

    init(_ values: [String: String]) { self.values = values }

    /// The value of `name`: as it stands, or, without a prefix, the cluster's variable of that name, or the environment's.
    subscript(name: String) -> String? {
        for candidate in [name, "cluster.variables.\(name)", "environment.variables.\(name)"] {
            answers[candidate] = .some(values[candidate])
            if let value = values[candidate] { return value }
            // A full name has no other readings.
            if name.contains(".") { return nil }
        }
        return nil
    }

    /// A defined name that differs in one or two signs, for a hint.
    func nearest(to name: String) -> String? {
        let names = values.keys.flatMap { key in
            var names = [key]
            for prefix in ["cluster.variables.", "environment.variables."] where key.hasPrefix(prefix) {
                names.append(String(key.dropFirst(prefix.count)))
            }
            return names
        }
        let wanted = Array(name.lowercased().utf8)
        return names.sorted().map { (name: $0, distance: Self.distance(wanted, Array($0.lowercased().utf8))) }
            .filter { $0.distance <= max(1, min(2, wanted.count / 3)) }.min { $0.distance < $1.distance }?.name
    }

    private static func distance(_ a: [UInt8], _ b: [UInt8]) -> Int {
        guard abs(a.count - b.count) <= 2 else { return 3 }
        var previous = Array(0...b.count)
        for (i, left) in a.enumerated() {
            var current = [i + 1]
            for (j, right) in b.enumerated() {
                current.append(min(previous[j] + (left == right ? 0 : 1), previous[j + 1] + 1, current[j] + 1))
            }
            previous = current
        }
        return previous[b.count]
    }
}
