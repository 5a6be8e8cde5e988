// SPDX-License-Identifier: Apache-2.0
package import Manifests

/// When the objects of a kind are Current, by the declaration's `health.rules`: instead of what kstatus says of them.
package struct HealthRule: Sendable, Hashable {
    /// A value that is absent meets no comparison.
    package enum Comparison: Sendable, Hashable {
        case equals(Value)
        case notEquals(Value)
        case oneOf([Value])

        package func holds(for value: Value?) -> Bool {
            guard let value, !value.isNull else { return false }
            return switch self {
            case .equals(let other): value == other
            case .notEquals(let other): value != other
            case .oneOf(let others): others.contains(value)
            }
        }
    }

    package var group: String
    package var kind: String
    /// A JSON pointer (RFC 6901).
    package var path: String
    package var comparison: Comparison
    /// When they are Failed; looked at before `comparison`. `nil`: never.
    package var failed: Failure?

    package struct Failure: Sendable, Hashable {
        package var path: String
        package var comparison: Comparison

        package init(path: String, comparison: Comparison) {
            self.path = path
            self.comparison = comparison
        }
    }

    package init(group: String, kind: String, path: String, comparison: Comparison, failed: Failure? = nil) {
        self.group = group
        self.kind = kind
        self.path = path
        self.comparison = comparison
        self.failed = failed
    }

    package static let rulesMax = 100

    package var json: Value {
        var map: Map = ["group": .string(group), "kind": .string(kind), "path": .string(path)]
        comparison.write(to: &map)
        if let failed {
            var inner: Map = ["path": .string(failed.path)]
            failed.comparison.write(to: &inner)
            map["failed"] = .map(inner)
        }
        return .map(map)
    }

    package init(json value: Value, at place: String) throws(ShapeError) {
        let fields = try Fields(value, at: place)
        group = try fields.optionalString("group") ?? ""
        kind = try fields.string("kind")
        path = try fields.string("path")
        comparison = try Comparison(fields)
        if let inner = try fields.optionalObject("failed") {
            failed = Failure(path: try inner.string("path"), comparison: try Comparison(inner))
        }
    }
}

extension HealthRule.Comparison {
    fileprivate func write(to map: inout Map) {
        switch self {
        case .equals(let value): map["equals"] = value
        case .notEquals(let value): map["notEquals"] = value
        case .oneOf(let values): map["oneOf"] = .list(values)
        }
    }

    fileprivate init(_ fields: Fields) throws(ShapeError) {
        if let value = fields.map["equals"] {
            self = .equals(value)
        } else if let value = fields.map["notEquals"] {
            self = .notEquals(value)
        } else {
            guard let values = fields.map["oneOf"]?.list else { throw fields.failure("oneOf", "expected a comparison") }
            self = .oneOf(values)
        }
    }
}
