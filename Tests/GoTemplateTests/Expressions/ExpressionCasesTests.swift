// SPDX-License-Identifier: Apache-2.0
import Glibc
import Manifests
import Testing

@testable import GoTemplate

@Suite("Expressions against Helm's recorded results")
struct ExpressionCasesTests {
    /// The folder of recorded results; the test is skipped without one.
    static var folder: String? { getenv("FLOTILLA_CONFORMANCE").map { String(cString: $0) } }

    @Test("every recorded expression gives what Helm gives", .enabled(if: folder != nil, "FLOTILLA_CONFORMANCE names no folder"))
    func recorded() throws {
        let folder = try #require(Self.folder)
        let bytes = try FolderTree(root: folder).read("functions/given.json", limit: 16 << 20)
        let cases = try ExpressionCases(json: bytes)
        let errors = try JSON.read(bytes)["cases"]?.list ?? []
        var differences: [String] = []
        for (index, one) in cases.cases.enumerated() {
            let outcome = cases.render(one, entropy: .test).outcome
            let expected: ExpressionCases.Outcome =
                one.expected.map { .output($0) } ?? .failure(errors[index]["error"]?.string ?? "")
            if outcome != expected { differences.append("\(one.name): \(one.template)\n  expected \(expected)\n  found    \(outcome)") }
        }
        #expect(differences.isEmpty, "\(differences.count) of \(cases.cases.count) differ:\n\(differences.joined(separator: "\n"))")
    }
}
