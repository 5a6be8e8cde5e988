// SPDX-License-Identifier: Apache-2.0
import Manifests

/// Puts the values of variables in the place of `$(NAME)`.
///
/// A text that is one reference and nothing else becomes the value with its type; inside a text the value is written out. `$$` is a `$`, and
/// a name that is not known stays as it stands. Source of the rules: kustomize `api/filters/refvar/expand.go`.
struct VariableReferences {
    /// Scalars only.
    let values: [String: Value]
    /// A text that would become longer is refused.
    let textBytesMax: Int

    private static let operation = UInt8(ascii: "$")
    private static let opening = UInt8(ascii: "(")
    private static let closing = UInt8(ascii: ")")

    /// Whether there is anything to resolve in a text.
    static func mayHave(_ text: String) -> Bool { text.utf8.contains(operation) }

    func resolve(_ text: String) throws(FieldFailure) -> Value {
        let input = Array(text.utf8)
        var output: [UInt8] = []
        var index = 0
        while index < input.count {
            let byte = input[index]
            guard byte == Self.operation, index + 1 < input.count else {
                output.append(byte)
                index += 1
                continue
            }
            switch input[index + 1] {
            case Self.operation:
                output.append(Self.operation)
                index += 2
            case Self.opening:
                guard let end = input[(index + 2)...].firstIndex(of: Self.closing) else {
                    output += [Self.operation, Self.opening]
                    index += 2
                    continue
                }
                let value = values[String(decoding: input[(index + 2)..<end], as: UTF8.self)]
                if index == 0, end == input.count - 1 { return value ?? .string(text) }
                if let value { output += Self.text(of: value).utf8 } else { output += input[index...end] }
                guard output.count <= textBytesMax else {
                    throw FieldFailure(message: "the text becomes longer than \(textBytesMax) bytes")
                }
                index = end + 1
            case let other:
                // Kustomize takes the byte for a character of its own.
                output.append(Self.operation)
                output += String(Unicode.Scalar(other)).utf8
                index += 2
            }
        }
        // What that byte left behind is no text any more; Go's YAML writes such a thing in base64.
        if let text = String(validating: output, as: UTF8.self) { return .string(text) }
        return .string(String(decoding: FoldedBase64.plain(output), as: UTF8.self))
    }

    private static func text(of value: Value) -> String {
        if case .decimal(let number) = value { return GoNumber.general(number.double) }
        return value.plainText
    }
}
