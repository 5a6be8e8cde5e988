// SPDX-License-Identifier: Apache-2.0
import Manifests

extension Value {
    /// What stands in the document for a scalar; lists and maps have none.
    var plainText: String { isNull ? "null" : scalarText ?? "" }

    var isScalar: Bool {
        switch self {
        case .null, .bool, .int, .decimal, .string: true
        case .list, .map: false
        }
    }

    /// A scalar of the same type with another text.
    ///
    /// kustomize keeps the type that the field was read with, so a number in a text stays a text, and a text that is no number cannot take
    /// the place of a number.
    func retyped(_ text: String) throws(FieldFailure) -> Value {
        if case .string = self { return .string(text) }
        let new = Value.untyped(text)
        switch (self, new) {
        case (.null, .null), (.bool, .bool), (.decimal, .int), (.decimal, .decimal): return new
        case (.int, .int) where !Self.isFraction(text): return new
        case (.int, .decimal) where !Self.isFraction(text): return new
        default: throw FieldFailure(message: "\(kindName) cannot become what the source holds, which is none")
        }
    }

    /// A scalar of the type that the text has without quotes; nothing at all is null.
    static func untyped(_ text: String) -> Value { text.isEmpty ? .null : YAML.plainScalar(text, scalars: .kustomize) }

    /// Whether the text of a number has a point or an exponent: then it is no integer, even if it is whole.
    private static func isFraction(_ text: String) -> Bool {
        if text.contains(".") { return true }
        let isHexadecimal = text.drop { $0 == "-" || $0 == "+" }.hasPrefix("0x")
        return !isHexadecimal && (text.contains("e") || text.contains("E"))
    }
}
