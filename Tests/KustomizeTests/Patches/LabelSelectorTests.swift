// SPDX-License-Identifier: Apache-2.0
import Manifests
import Testing

@testable import Kustomize

struct LabelSelectorTests {
    private static let labels: Map = ["app": "web", "tier": "front", "size": 12, "empty": ""]

    @Test(arguments: [
        ("", true), ("app=web", true), ("app==web", true), ("app = web , tier=front", true), ("app=db", false), ("app!=db", true),
        ("none!=x", true), ("none=x", false), ("app in (web, db)", true), ("app notin (web)", false), ("none notin (a)", true),
        ("app", true), ("none", false), ("!none", true), ("!app", false), ("size>11", true), ("size>12", false), ("size<13", true),
        ("app>1", false), ("none<1", false), ("empty=", true), ("empty in ()", true), ("app in (,web)", true), ("size=12", true),
        ("empty in (a,)", true), ("app in (in)", false), ("x/y notin (a)", true), ("app,tier,!legacy", true),
    ])
    func matches(text: String, expected: Bool) throws {
        #expect(try LabelSelector(text).matches(Self.labels) == expected)
    }

    @Test func matchesNothingWithoutLabels() throws {
        #expect(try !LabelSelector("app").matches(nil))
        #expect(try LabelSelector("!app").matches(nil))
    }

    @Test(arguments: [
        "=a", "a=b=c", "a in b", "a in (b", "a in (b c)", "a b", "a,", ",a", "a=!", "!a=b", "a>b", "a>", "-a", "a/b/c", "A_/b", "a=-b",
        "a!",
        "a notin", "a=b c", "(a)", "ä=b",
    ])
    func refuses(text: String) {
        #expect(throws: LabelSelector.Malformed.self) { try LabelSelector(text) }
    }

    @Test func refusesNamesThatAreTooLong() {
        let long = String(repeating: "a", count: 64)
        #expect(throws: LabelSelector.Malformed.self) { try LabelSelector(long) }
        #expect(throws: LabelSelector.Malformed.self) { try LabelSelector("a=\(long)") }
    }
}
