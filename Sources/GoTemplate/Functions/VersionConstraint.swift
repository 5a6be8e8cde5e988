// SPDX-License-Identifier: Apache-2.0

/// Which versions are wanted: `>=1.2 <2 || ^3`, with the rules of Helm's library.
package struct VersionConstraint: Sendable {
    private enum Operator: String {
        case none = ""
        case equal = "="
        case notEqual = "!="
        case greater = ">"
        case less = "<"
        case greaterEqual = ">="
        case equalGreater = "=>"
        case lessEqual = "<="
        case equalLess = "=<"
        case tilde = "~"
        case tildeGreater = "~>"
        case caret = "^"
    }

    private struct Term {
        let operation: Operator
        let version: SemanticVersion
        /// A part was left out or is a wildcard.
        var isOpen = false
        var isMinorOpen = false
        var isPatchOpen = false
    }

    /// One group of terms must hold altogether.
    private let groups: [[Term]]

    package init(_ text: String) throws(TemplateFailure) {
        var groups: [[Term]] = []
        for part in Search.split(Array(text.utf8), by: Array("||".utf8)) { groups.append(try Self.group(Array(part))) }
        self.groups = groups
    }

    private static func group(_ text: [UInt8]) throws(TemplateFailure) -> [Term] {
        let improper = TemplateFailure("improper constraint: \(Quoting.quote(String(decoding: text, as: UTF8.self)))")
        var scanner = VersionScanner(text)
        var terms: [Term] = []
        _ = scanner.skipSpace()
        while true {
            let operation = operation(&scanner)
            _ = scanner.skipSpace()
            guard let parts = scanner.version(allowsWildcards: true) else { throw improper }
            let end = scanner.index
            // A range `1 - 2`.
            if operation == .none, scanner.skipSpace(), scanner.skip(UInt8(ascii: "-")), scanner.skipSpace(),
                let upper = scanner.version(allowsWildcards: true)
            {
                terms.append(try term(.greaterEqual, parts))
                terms.append(try term(.lessEqual, upper))
            } else {
                scanner.back(to: end)
                terms.append(try term(operation, parts))
            }
            let hasSpace = scanner.skipSpace()
            if scanner.isAtEnd { return terms }
            let hasComma = scanner.skip(UInt8(ascii: ","))
            guard hasSpace || hasComma else { throw improper }
            _ = scanner.skipSpace()
        }
    }

    private static func operation(_ scanner: inout VersionScanner) -> Operator {
        let start = scanner.index
        var symbol = ""
        while let byte = scanner.next, "=!<>~^".utf8.contains(byte), symbol.utf8.count < 2 {
            symbol.append(Character(Unicode.Scalar(byte)))
            _ = scanner.skip(byte)
        }
        if let operation = Operator(rawValue: symbol) { return operation }
        scanner.back(to: start)
        return .none
    }

    private static func term(_ operation: Operator, _ parts: VersionScanner.Parts) throws(TemplateFailure) -> Term {
        func isWildcard(_ part: String?) -> Bool { part == nil || part == "x" || part == "X" || part == "*" }
        let suffix = parts.prerelease.isEmpty ? "" : "-" + parts.prerelease
        var text = parts.text
        var (isOpen, isMinorOpen, isPatchOpen) = (false, false, false)
        if isWildcard(parts.major) {
            text = "0.0.0" + suffix
            isOpen = true
        } else if isWildcard(parts.minor) {
            text = "\(parts.major).0.0" + suffix
            (isOpen, isMinorOpen) = (true, true)
        } else if isWildcard(parts.patch) {
            text = "\(parts.major).\(parts.minor ?? "0").0" + suffix
            (isOpen, isPatchOpen) = (true, true)
        }
        let version: SemanticVersion
        do throws(TemplateFailure) { version = try SemanticVersion(text) } catch { throw TemplateFailure("constraint parser error") }
        return Term(operation: operation, version: version, isOpen: isOpen, isMinorOpen: isMinorOpen, isPatchOpen: isPatchOpen)
    }

    /// Whether the version is wanted. Prereleases are only where a group names one.
    package func allows(_ version: SemanticVersion) -> Bool {
        groups.contains { group in
            let includesPrereleases = group.contains { !$0.version.prerelease.isEmpty }
            if !version.prerelease.isEmpty, !includesPrereleases { return false }
            return group.allSatisfy { Self.holds($0, version) }
        }
    }

    private static func holds(_ term: Term, _ version: SemanticVersion) -> Bool {
        let wanted = term.version
        let order = version.compare(wanted)
        switch term.operation {
        case .none, .equal: return term.isOpen ? tilde(term, version) : order == 0
        case .notEqual: return notEqual(term, version)
        case .greater:
            if !term.isOpen { return order > 0 }
            if version.major != wanted.major { return version.major > wanted.major }
            if term.isMinorOpen { return false }
            return term.isPatchOpen ? version.minor > wanted.minor : order > 0
        case .less: return order < 0
        case .greaterEqual, .equalGreater: return order >= 0
        case .lessEqual, .equalLess:
            if !term.isOpen { return order <= 0 }
            if version.major != wanted.major { return version.major < wanted.major }
            return version.minor <= wanted.minor || term.isMinorOpen
        case .tilde, .tildeGreater: return tilde(term, version)
        case .caret: return caret(term, version)
        }
    }

    private static func notEqual(_ term: Term, _ version: SemanticVersion) -> Bool {
        let wanted = term.version
        if term.isOpen {
            if version.major != wanted.major { return true }
            if version.minor != wanted.minor, !term.isMinorOpen { return true }
            if term.isMinorOpen { return false }
            if version.patch != wanted.patch, !term.isPatchOpen { return true }
            if term.isPatchOpen {
                return (!version.prerelease.isEmpty || !wanted.prerelease.isEmpty)
                    && SemanticVersion.comparePrereleases(version.prerelease, wanted.prerelease) != 0
            }
        }
        return version.compare(wanted) != 0
    }

    /// The same major and, where it is given, minor version, and not less.
    private static func tilde(_ term: Term, _ version: SemanticVersion) -> Bool {
        let wanted = term.version
        if version.compare(wanted) < 0 { return false }
        if wanted.major == 0, wanted.minor == 0, wanted.patch == 0, !term.isMinorOpen, !term.isPatchOpen { return true }
        return version.major == wanted.major && (version.minor == wanted.minor || term.isMinorOpen)
    }

    /// Not less, and the same up to the first part that is not 0.
    private static func caret(_ term: Term, _ version: SemanticVersion) -> Bool {
        let wanted = term.version
        if version.compare(wanted) < 0 { return false }
        if wanted.major > 0 || term.isMinorOpen { return version.major == wanted.major }
        if version.major > 0 { return false }
        if wanted.minor > 0 || term.isPatchOpen { return version.minor == wanted.minor }
        return version.minor == 0 && version.patch == wanted.patch
    }
}
