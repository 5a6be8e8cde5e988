// SPDX-License-Identifier: Apache-2.0
package import Manifests

extension Datum {
    /// How the numbers of a document arrive in templates.
    package enum Numbers: Sendable {
        /// All as `float64`, as from JSON: values files, `fromJson`, `fromYaml`.
        case floats
        /// Whole ones as `int64`, as from TOML.
        case integers
    }

    /// The document as templates see it; maps in the order of their keys.
    package init(_ value: Value, numbers: Numbers = .floats) {
        switch value {
        case .null: self = .null
        case .bool(let flag): self = .bool(flag)
        case .int(let number): self = numbers == .floats ? .float(Double(number)) : .int64(number)
        case .decimal(let number): self = .float(number.double)
        case .string(let text): self = .string(text)
        case .list(let items): self = .list(items.map { Datum($0, numbers: numbers) }, .any)
        case .map(let map):
            let made = Dictionary(capacity: map.count)
            for entry in map.entries { made[entry.key] = Datum(entry.value, numbers: numbers) }
            made.sort()
            self = .map(made)
        }
    }
}
