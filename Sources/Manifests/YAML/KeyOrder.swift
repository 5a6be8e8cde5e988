// SPDX-License-Identifier: Apache-2.0

extension Value {
    /// The same value with the keys of all its maps in the order in which Go's YAML library prints maps, and so `kubectl` and `helm`: letters
    /// after other signs, numbers inside keys by their value (`a2` before `a10`). Source: go-yaml v2, `sorter.go`.
    package func keysSorted() -> Value {
        switch self {
        case .null, .bool, .int, .decimal, .string: self
        case .list(let items): .list(items.map { $0.keysSorted() })
        case .map(let map): .map(Map(unique: Self.sorted(map.entries.map { Map.Entry(key: $0.key, value: $0.value.keysSorted()) })))
        }
    }

    private static func sorted(_ entries: [Map.Entry]) -> [Map.Entry] {
        for index in entries.indices.dropFirst() where !KeyOrder.isBefore(entries[index - 1].key, entries[index].key) {
            return entries.sorted { KeyOrder.isBefore($0.key, $1.key) }
        }
        return entries
    }
}

enum KeyOrder {
    static func isBefore(_ left: String, _ right: String) -> Bool {
        let ordered: Bool? =
            left.utf8.withContiguousStorageIfAvailable { a -> Bool? in
                right.utf8.withContiguousStorageIfAvailable { b in isBefore(ascii: a, b) } ?? nil
            } ?? nil
        return ordered ?? isBefore(Array(left.unicodeScalars), Array(right.unicodeScalars))
    }

    /// - Returns: `nil` where a sign outside of ASCII decides.
    private static func isBefore(ascii left: UnsafeBufferPointer<UInt8>, _ right: UnsafeBufferPointer<UInt8>) -> Bool? {
        var index = 0
        let count = min(left.count, right.count)
        while index < count, left[index] == right[index] { index += 1 }
        if index == count { return left.count < right.count }
        let (a, b) = (left[index], right[index])
        guard a < 0x80, b < 0x80 else { return nil }
        guard isLetter(a), isLetter(b) else {
            return isBefore(left.map { Unicode.Scalar($0) }, right.map { Unicode.Scalar($0) })
        }
        return a < b
    }

    private static func isLetter(_ byte: UInt8) -> Bool { (byte | 0x20) >= UInt8(ascii: "a") && (byte | 0x20) <= UInt8(ascii: "z") }

    private static func isBefore(_ left: [Unicode.Scalar], _ right: [Unicode.Scalar]) -> Bool {
        var afterDigit = false
        for index in 0..<min(left.count, right.count) {
            let (a, b) = (left[index], right[index])
            if a == b {
                afterDigit = isDigit(a)
                continue
            }
            switch (a.properties.isAlphabetic, b.properties.isAlphabetic) {
            case (true, true): return a < b
            case (true, false): return afterDigit
            case (false, true): return !afterDigit
            case (false, false): break
            }
            var (leftNumber, rightNumber): (Int64, Int64) = (0, 0)
            if a == "0" || b == "0" {
                var before = index - 1
                while before >= 0, isDigit(left[before]) {
                    if left[before] != "0" {
                        (leftNumber, rightNumber) = (1, 1)
                        break
                    }
                    before -= 1
                }
            }
            let leftEnd = number(left, from: index, &leftNumber)
            let rightEnd = number(right, from: index, &rightNumber)
            if leftNumber != rightNumber { return leftNumber < rightNumber }
            if leftEnd != rightEnd { return leftEnd < rightEnd }
            return a < b
        }
        return left.count < right.count
    }

    private static func isDigit(_ scalar: Unicode.Scalar) -> Bool { scalar.properties.generalCategory == .decimalNumber }

    /// Reads digits into `number`, which wraps around as Go's does; the index after them.
    private static func number(_ scalars: [Unicode.Scalar], from start: Int, _ number: inout Int64) -> Int {
        var index = start
        while index < scalars.count, isDigit(scalars[index]) {
            number = number &* 10 &+ (Int64(scalars[index].value) - 48)
            index += 1
        }
        return index
    }
}
