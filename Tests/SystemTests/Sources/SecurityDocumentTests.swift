// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

/// `docs/security.md` names, for each threat, tests that try it: these are there.
@Suite("Security document") struct SecurityDocumentTests {
    /// Tests that a row names: functions of a file below `Tests/`.
    struct Reference: Hashable {
        var file: String
        var functions: [String]
    }

    /// What is wrong with a document's tables of threats, and how many rows and references they have.
    struct Reading {
        var rows = 0
        var references: [Reference] = []
        var problems: [String] = []

        /// - Parameter source: a file's text by its path below `Tests/`; `nil` where there is none.
        init(_ document: String, source: (String) -> String?) {
            var isThreats = false
            for line in document.split(separator: "\n") {
                if line.hasPrefix("## ") { isThreats = line == "## Threats" }
                guard isThreats, line.hasPrefix("| "), !line.hasPrefix("| ---"), !line.hasPrefix("| Threat |") else { continue }
                let cells = line.dropFirst(2).split(separator: " | ", omittingEmptySubsequences: false)
                guard cells.count == 3, cells[1].count > 10, line.hasSuffix(" |") else {
                    problems.append("no threat, defence and tests: \(line.prefix(80))")
                    continue
                }
                rows += 1
                read(tests: cells[2].dropLast(2), of: String(cells[0]), source: source)
            }
        }

        private mutating func read(tests: Substring, of threat: String, source: (String) -> String?) {
            // A threat that no test tries says so.
            guard !tests.hasPrefix("none: ") else { return }
            for item in tests.components(separatedBy: "; ") {
                guard let match = item.wholeMatch(of: #/`([A-Za-z0-9/+]+\.swift): ([A-Za-z0-9]+(?:, [A-Za-z0-9]+)*)`/#) else {
                    problems.append("\(threat): '\(item)' names no tests")
                    continue
                }
                let reference = Reference(file: String(match.1), functions: match.2.components(separatedBy: ", "))
                references.append(reference)
                guard let text = source(reference.file) else {
                    problems.append("\(threat): there is no Tests/\(reference.file)")
                    continue
                }
                let tests = SecurityDocumentTests.tests(in: text)
                for function in reference.functions where !tests.contains(function) {
                    problems.append("\(threat): there is no test \(function) in Tests/\(reference.file)")
                }
            }
        }
    }

    /// The functions that follow an `@Test`.
    private static func tests(in text: String) -> Set<String> {
        var found: Set<String> = []
        var isTest = false
        for line in text.split(separator: "\n") {
            let code = line.drop { $0 == " " }
            guard !code.hasPrefix("//") else { continue }
            if code.hasPrefix("@Test") { isTest = true }
            if isTest, let match = code.firstMatch(of: #/\bfunc ([A-Za-z0-9]+)[(<]/#) {
                found.insert(String(match.1))
                isTest = false
            }
        }
        return found
    }

    private static func source(_ path: String) -> String? {
        try? String(contentsOfFile: "\(PackageFolder.path)/Tests/\(path)", encoding: .utf8)
    }

    @Test("every test that it names exists, and every threat names one or says that there is none")
    func names() throws {
        let document = try String(contentsOfFile: "\(PackageFolder.path)/docs/security.md", encoding: .utf8)
        let reading = Reading(document, source: Self.source)
        #expect(reading.problems.isEmpty, "\(reading.problems.joined(separator: "\n"))")
        #expect(reading.rows > 50 && Set(reading.references.map(\.file)).count > 30)
    }

    @Test(
        "a test that has gone is noticed",
        arguments: [
            ("`A/BTests.swift: here, generic`", 0), ("`A/BTests.swift: gone`", 1), ("`A/BTests.swift: here, plain`", 1),
            ("`A/GoneTests.swift: here`", 1), ("`A/BTests.swift`", 1), ("", 1), ("none: nothing tries it", 0),
            ("`A/BTests.swift: commented`", 1), ("`A/BTests.swift: here`; `A/BTests.swift: gone`", 1),
        ])
    func gone(_ tests: String, _ problems: Int) {
        let source = """
            @Test("one", arguments: [1])
            func here(_ one: Int) {}
            func plain() {}
            // @Test func commented() {}
            @Test func generic<T>(_ t: T) {}
            """
        let document =
            "## Threats\n| Threat | Defence | Tests |\n| --- | --- | --- |\n| Theft | A lock that holds | \(tests) |\n## End\n| x |\n"
        let reading = Reading(document) { $0 == "A/BTests.swift" ? source : nil }
        #expect(reading.problems.count == problems, "\(reading.problems)")
    }
}
