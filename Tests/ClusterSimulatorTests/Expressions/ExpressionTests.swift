// SPDX-License-Identifier: Apache-2.0

import Manifests
import Testing

@testable import ClusterSimulator

@Suite struct ExpressionTests {
    private static let object: Value = [
        "replicas": 3, "name": "web", "tags": ["a", "b"], "data": ["x": "1", "y": "2"],
        "items": [["name": "one", "size": 1], ["name": "two", "size": 5]], "a.b": true,
    ]

    @Test(arguments: [
        ("self.replicas <= 3 && self.name == 'web'", true), ("!has(self.data) || !('x' in self.data)", false),
        ("self.items.all(i, i.size < 6)", true), ("self.items.exists(i, i.name == 'three')", false),
        ("self.items.exists_one(i, i.size > 4)", true), ("self.items.filter(i, i.size > 1).map(i, i.name) == ['two']", true),
        ("size(self.tags) == 2 && self.tags.size() == 2", true), ("self.name.startsWith('w') ? self.replicas > 2 : false", true),
        ("self.name.matches('^[a-z]+$')", true), ("self.replicas * 2 - 1 == 5", true), ("'b' in self.tags", true),
        ("self.data['y'] == '2'", true), ("self.a__dot__b", true), ("has(self.missing) && self.missing > 1", false),
        ("self.missing > 1 || self.replicas == 3", true), ("-self.replicas < 0", true), ("self.tags.join(',') == \"a,b\"", true),
        ("self.name.split('e') == ['w', 'b']", true), ("int('7') % 4 == 3", true), ("{'k': 1}.k == 1", true),
    ])
    func evaluates(_ text: String, _ expected: Bool) throws {
        let context = ExpressionContext(names: ["self": Self.object])
        #expect(try context.flag(try Expression(text)) == expected)
    }

    @Test func tellsWhatIsMissing() throws {
        let expression = try Expression("self.missing.deeper == 1")
        do throws(ExpressionProblem) {
            _ = try ExpressionContext(names: ["self": Self.object]).flag(expression)
            Issue.record("no error")
        } catch {
            guard case .failed(let why) = error else {
                Issue.record("unknown")
                return
            }
            #expect(why == "no such key: missing")
        }
    }

    @Test(arguments: ["self.", "(a", "a ? b", "'open", "a &", String(repeating: "(", count: 2_000)])
    func refusesWhatIsNoExpression(_ text: String) {
        #expect(throws: Expression.Unreadable.self) { try Expression(text) }
    }
}
