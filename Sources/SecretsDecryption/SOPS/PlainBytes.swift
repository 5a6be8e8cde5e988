// SPDX-License-Identifier: Apache-2.0
import Manifests

/// A value's plaintext as SOPS writes it, into ciphertexts and into the code over a document: numbers as Go's `strconv` formats
/// them, booleans as `True` and `False`.
enum PlainBytes {
    /// `nil` for lists, maps and null, which have none, and for numbers that no double holds.
    static func encode(_ value: Value) -> (bytes: [UInt8], kind: EncryptedText.Kind)? {
        switch value {
        case .string(let text): (Array(text.utf8), .string)
        case .int(let number): (Array(String(number).utf8), .integer)
        case .decimal(let number): goFloat(number.double).map { (Array($0.utf8), .float) }
        case .bool(let flag): (Array((flag ? "True" : "False").utf8), .bool)
        case .null, .list, .map: nil
        }
    }

    /// The value of a plaintext, and its bytes for the code over the document; `nil` where it is not of its type, or not a text.
    static func decode(_ bytes: [UInt8], _ kind: EncryptedText.Kind) -> (value: Value, bytes: [UInt8])? {
        guard let text = String(validating: bytes, as: UTF8.self) else { return nil }
        switch kind {
        case .string, .bytes, .time: return (.string(text), bytes)
        case .integer: return Int64(text).map { (.int($0), Array(String($0).utf8)) }
        case .float:
            guard let number = Double(text), let form = goFloat(number), let decimal = Decimal(number) else { return nil }
            // A whole number leaves SOPS without a point, and is an integer to whoever reads that.
            return (decimal.wholeNumber.map { .int($0) } ?? .decimal(decimal), Array(form.utf8))
        case .bool:
            switch text {
            case "True", "true", "TRUE", "t", "T", "1": return (true, Array("True".utf8))
            case "False", "false", "FALSE", "f", "F", "0": return (false, Array("False".utf8))
            default: return nil
            }
        case .comment: return nil
        }
    }

    /// Go's `FormatFloat(number, 'f', -1, 64)`: the shortest digits that read back, never with an exponent.
    static func goFloat(_ number: Double) -> String? {
        guard let decimal = Decimal(number) else { return nil }
        let (_, digits, exponent) = decimal.normalized
        let sign = number.sign == .minus ? "-" : ""
        if exponent >= 0 { return sign + digits + (digits == "0" ? "" : String(repeating: "0", count: exponent)) }
        let padded = String(repeating: "0", count: max(0, 1 - exponent - digits.utf8.count)) + digits
        return "\(sign)\(padded.dropLast(-exponent)).\(padded.suffix(-exponent))"
    }
}
