// SPDX-License-Identifier: Apache-2.0

/// The sets that the syntax has names for: `\d`, `[:alpha:]`, `\p{Lu}`, `\p{Greek}`.
enum NamedSets {
    static let digits = ScalarSet([0x30...0x39])
    /// `\s`: unlike `[:space:]` it has no vertical tab.
    static let perlSpace = ScalarSet([0x09...0x0A, 0x0C...0x0D, 0x20...0x20])
    static let word = ScalarSet([0x30...0x39, 0x41...0x5A, 0x5F...0x5F, 0x61...0x7A])

    /// The set of a POSIX class by its bare name, such as `alpha`; ASCII only.
    static func posix(_ name: String) -> ScalarSet? {
        switch name {
        case "alnum": ScalarSet([0x30...0x39, 0x41...0x5A, 0x61...0x7A])
        case "alpha": ScalarSet([0x41...0x5A, 0x61...0x7A])
        case "ascii": ScalarSet([0x00...0x7F])
        case "blank": ScalarSet([0x09...0x09, 0x20...0x20])
        case "cntrl": ScalarSet([0x00...0x1F, 0x7F...0x7F])
        case "digit": digits
        case "graph": ScalarSet([0x21...0x7E])
        case "lower": ScalarSet([0x61...0x7A])
        case "print": ScalarSet([0x20...0x7E])
        case "punct": ScalarSet([0x21...0x2F, 0x3A...0x40, 0x5B...0x60, 0x7B...0x7E])
        case "space": ScalarSet([0x09...0x0D, 0x20...0x20])
        case "upper": ScalarSet([0x41...0x5A])
        case "word": word
        case "xdigit": ScalarSet([0x30...0x39, 0x41...0x46, 0x61...0x66])
        default: nil
        }
    }

    /// The set of `\p{name}`: `Any`, a general category or a script, spelt exactly as Unicode does.
    static func unicode(_ name: String) -> ScalarSet? {
        if name == "Any" { return .all }
        return GeneralCategories.set(name) ?? Scripts.set(name)
    }
}
