// SPDX-License-Identifier: Apache-2.0
import Manifests

/// Finds the places of a text with variables put in, as engines see it, in the text as it is written.
struct SubstitutedPlaces {
    let variables: [String: String]
    let replacements: (String) -> [Substitution.Replacement]
    /// The text as the engine sees it.
    let text: (String) -> [UInt8]?

    /// The place as it is written, and the variables that were put into what begins there.
    ///
    /// Lines are the same in both texts, since no value has a line break; columns are not.
    func source(of place: Explanation.Place) -> (Explanation.Place, [Explanation.Use]) {
        guard let line = place.line, let column = place.column else { return (place, []) }
        let all = replacements(place.path)
        guard !all.isEmpty else { return (place, []) }
        let mark = SourceMark(line: line, column: column)
        let end = text(place.path).flatMap { YAML.end(ofNodeAt: mark, in: $0) } ?? mark
        var uses: [Explanation.Use] = []
        var (growth, growthLine) = (0, 0)
        for replacement in all {
            if replacement.mark.line != growthLine { (growth, growthLine) = (0, replacement.mark.line) }
            let begin = SourceMark(line: replacement.mark.line, column: replacement.mark.column + growth)
            growth += replacement.newLength - replacement.length
            guard let name = replacement.name, begin >= mark, begin < end || begin == mark else { continue }
            uses.append(
                Explanation.Use(
                    name: name, variable: replacement.isDefault ? nil : fullName(of: name), value: replacement.value,
                    place: Explanation.Place(path: place.path, line: replacement.mark.line, column: replacement.mark.column)))
        }
        return (Explanation.Place(path: place.path, line: line, column: Self.column(of: mark, in: all)), uses)
    }

    /// The column in the text as it is written; what is inside a value is where the variable stands.
    private static func column(of mark: SourceMark, in replacements: [Substitution.Replacement]) -> Int {
        // By how much the text up to here became longer.
        var growth = 0
        for replacement in replacements where replacement.mark.line == mark.line {
            let begin = replacement.mark.column + growth
            guard begin <= mark.column else { break }
            if mark.column < begin + max(replacement.newLength, 1) { return replacement.mark.column }
            growth += replacement.newLength - replacement.length
        }
        return mark.column - growth
    }

    /// What a short name stands for, in the order in which variables are looked up.
    private func fullName(of name: String) -> String {
        [name, "cluster.variables.\(name)", "environment.variables.\(name)"].first { variables[$0] != nil } ?? name
    }
}
