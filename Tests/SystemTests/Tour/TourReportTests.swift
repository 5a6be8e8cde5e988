// SPDX-License-Identifier: Apache-2.0
import Manifests
import Testing

@testable import flotilla

@Suite("Tour report") struct TourReportTests {
    private func report(good: [Bool]) -> TourReport {
        var report = TourReport(stepCount: 2)
        for isGood in good { report.steps.append(TourReport.Step(name: "one", isGood: isGood, seconds: 1.5, detail: "seen")) }
        return report
    }

    @Test("only a whole tour without failure is good")
    func verdict() {
        #expect(report(good: [true, true]).isGood)
        #expect(!report(good: [true]).isGood)
        #expect(!report(good: [true, false]).isGood)
    }

    @Test("figures are numbers with a fixed number of digits")
    func document() throws {
        var report = report(good: [true, true])
        report.commitToHealthySeconds = [("staging", 2.0004), ("production", 12.3456)]
        report.driftHealedMilliseconds = [7.96]
        let text = JSON.text(report.document)
        #expect(text.contains(#""commitToHealthySeconds":{"staging":2.000,"production":12.346}"#))
        #expect(text.contains(#""driftHealedMilliseconds":[8.0]"#))
        #expect(text.hasPrefix(#"{"ok":true,"#))
    }

    @Test("numbers are rounded", arguments: [(0.0, 1, "0.0"), (0.04, 1, "0.0"), (-1.25, 1, "-1.3"), (123.456, 0, "123"), (5, 3, "5.000")])
    func fixed(_ number: Double, _ digits: Int, _ text: String) { #expect(TourReport.fixed(number, digits) == text) }

    @Test("memory is read as Linux writes it")
    func memory() {
        let memory = ProcessMemory(status: "Name:\tx\nVmRSS:\t   21700 kB\nRssAnon:\t    2400 kB\n")
        #expect(memory?.anonymousKiB == 2_400)
        #expect(memory?.residentKiB == 21_700)
        #expect(ProcessMemory(status: "Name:\tx\n") == nil)
    }
}
