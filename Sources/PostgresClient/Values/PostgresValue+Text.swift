// SPDX-License-Identifier: Apache-2.0

extension PostgresValue {
    /// Appends PostgreSQL's text form of the value; null appends nothing.
    func appendText(to output: inout [UInt8]) {
        switch self {
        case .null: break
        case .text(let text), .json(let text): output.append(contentsOf: text.utf8)
        case .int(let number): output.append(contentsOf: String(number).utf8)
        case .double(let number): output.append(contentsOf: Self.text(number).utf8)
        case .bool(let bool): output.append(UInt8(ascii: bool ? "t" : "f"))
        case .bytes(let bytes): Self.append(bytes, to: &output)
        case .timestamp(let milliseconds): TimestampText.append(milliseconds, to: &output)
        case .textArray(let array): Self.append(array, to: &output) { Self.appendQuoted($0, to: &$1) }
        case .intArray(let array): Self.append(array, to: &output) { $1.append(contentsOf: String($0).utf8) }
        case .boolArray(let array): Self.append(array, to: &output) { $1.append(UInt8(ascii: $0 ? "t" : "f")) }
        case .doubleArray(let array): Self.append(array, to: &output) { $1.append(contentsOf: Self.text($0).utf8) }
        case .bytesArray(let array):
            Self.append(array, to: &output) { bytes, output in
                output.append(contentsOf: #""\\x"#.utf8)
                Hex.append(bytes, to: &output)
                output.append(UInt8(ascii: "\""))
            }
        case .timestampArray(let array):
            Self.append(array, to: &output) { moment, output in
                output.append(UInt8(ascii: "\""))
                TimestampText.append(moment, to: &output)
                output.append(UInt8(ascii: "\""))
            }
        }
    }

    /// PostgreSQL's binary form of a `bytea[]` (src/backend/utils/adt/arrayfuncs.c, `array_recv`).
    static func binary(_ array: [[UInt8]?]) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(20 + array.reduce(0) { $0 + 4 + ($1?.count ?? 0) })
        func append(_ number: Int) {
            withUnsafeBytes(of: Int32(truncatingIfNeeded: number).bigEndian) { output.append(contentsOf: $0) }
        }
        append(array.isEmpty ? 0 : 1)
        append(array.contains { $0 == nil } ? 1 : 0)
        append(17)
        if !array.isEmpty {
            append(array.count)
            append(1)
        }
        for element in array {
            append(element?.count ?? -1)
            if let element { output.append(contentsOf: element) }
        }
        return output
    }

    private static func text(_ number: Double) -> String {
        if number.isNaN { return "NaN" }
        if number.isInfinite { return number < 0 ? "-Infinity" : "Infinity" }
        return number.description
    }

    private static func append(_ bytes: [UInt8], to output: inout [UInt8]) {
        output.append(contentsOf: #"\x"#.utf8)
        Hex.append(bytes, to: &output)
    }

    private static func append<Element>(
        _ array: [Element?], to output: inout [UInt8], _ appendElement: (Element, inout [UInt8]) -> Void
    ) {
        output.append(UInt8(ascii: "{"))
        for (index, element) in array.enumerated() {
            if index > 0 { output.append(UInt8(ascii: ",")) }
            if let element { appendElement(element, &output) } else { output.append(contentsOf: "NULL".utf8) }
        }
        output.append(UInt8(ascii: "}"))
    }

    private static func appendQuoted(_ text: String, to output: inout [UInt8]) {
        output.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { output.append(UInt8(ascii: "\\")) }
            output.append(byte)
        }
        output.append(UInt8(ascii: "\""))
    }
}
