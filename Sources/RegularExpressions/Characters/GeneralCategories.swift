// SPDX-License-Identifier: Apache-2.0

/// Unicode's general categories, by their short names; a one-letter name is all that begin with it.
///
/// The standard library's tables decide, so code points that its version of Unicode does not know are in none. As in
/// Go 1.23, unassigned code points have no name (no `Cn`), and `C` is without them.
enum GeneralCategories {
    static func set(_ name: String) -> ScalarSet? { sets[name] }

    private static let sets: [String: ScalarSet] = {
        var ranges: [String: [ClosedRange<UInt32>]] = [:]
        var start: UInt32 = 0
        var current: String?
        func close(before end: UInt32) {
            guard let current, end > start else { return }
            ranges[current, default: []].append(start...end - 1)
        }
        // Planes 4 to 13 have no characters, 15 and 16 are one range each of private use.
        let planes: [ClosedRange<UInt32>] = [0...0x3_FFFF, 0xE_0000...0xE_FFFF]
        for value in planes.joined() {
            let name = Unicode.Scalar(value).flatMap { shortName($0.properties.generalCategory) }
            guard name != current else { continue }
            close(before: value)
            start = value
            current = name
        }
        close(before: 0xF_0000)
        ranges["Cs"] = [0xD800...0xDFFF]
        ranges["Co", default: []] += [0xF_0000...0xF_FFFD, 0x10_0000...0x10_FFFD]
        for (name, members) in ranges { ranges[String(name.prefix(1)), default: []] += members }
        return ranges.mapValues { ScalarSet($0) }
    }()

    private static func shortName(_ category: Unicode.GeneralCategory) -> String? {
        switch category {
        case .uppercaseLetter: "Lu"
        case .lowercaseLetter: "Ll"
        case .titlecaseLetter: "Lt"
        case .modifierLetter: "Lm"
        case .otherLetter: "Lo"
        case .nonspacingMark: "Mn"
        case .spacingMark: "Mc"
        case .enclosingMark: "Me"
        case .decimalNumber: "Nd"
        case .letterNumber: "Nl"
        case .otherNumber: "No"
        case .connectorPunctuation: "Pc"
        case .dashPunctuation: "Pd"
        case .openPunctuation: "Ps"
        case .closePunctuation: "Pe"
        case .initialPunctuation: "Pi"
        case .finalPunctuation: "Pf"
        case .otherPunctuation: "Po"
        case .mathSymbol: "Sm"
        case .currencySymbol: "Sc"
        case .modifierSymbol: "Sk"
        case .otherSymbol: "So"
        case .spaceSeparator: "Zs"
        case .lineSeparator: "Zl"
        case .paragraphSeparator: "Zp"
        case .control: "Cc"
        case .format: "Cf"
        case .surrogate: "Cs"
        case .privateUse: "Co"
        case .unassigned: nil
        @unknown default: nil
        }
    }
}
