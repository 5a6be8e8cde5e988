// SPDX-License-Identifier: Apache-2.0

/// Sprig's functions on strings. They count bytes where Sprig does.
enum StringFunctions {
    static let functions: [Function] = [
        Function("trim", [.string], .one { _, text in .text(trimSpace(bytes(text))) }),
        Function("trimAll", [.string, .string], .two { _, cutset, text in .text(trim(bytes(text), cutset)) }),
        Function("trimall", [.string, .string], .two { _, cutset, text in .text(trim(bytes(text), cutset)) }),
        Function("trimPrefix", [.string, .string], .two(trimPrefix)),
        Function("trimSuffix", [.string, .string], .two(trimSuffix)),
        Function("trunc", [.int, .string], .two(truncate)),
        Function("substr", [.int, .int, .string], .three(substring)),
        Function("abbrev", [.int, .string], .two(abbreviate)),
        Function("abbrevboth", [.int, .int, .string], .three(abbreviateBoth)),
        Function("repeat", [.int, .string], .two(repeated)),
        Function("contains", [.string, .string], .two { _, part, text in .bool(Search.contains(bytes(part), in: bytes(text))) }),
        Function("hasPrefix", [.string, .string], .two { _, prefix, text in .bool(bytes(text).starts(with: bytes(prefix))) }),
        Function("hasSuffix", [.string, .string], .two { _, suffix, text in .bool(ends(bytes(text), bytes(suffix))) }),
        Function("replace", [.string, .string, .string], .three(replace)),
        Function("quote", [], variadic: .any, .oneOrMany(quoteOne, quote)),
        Function("squote", [], variadic: .any, .many(singleQuote)),
        Function("cat", [], variadic: .any, .many(concatenate)),
        Function("indent", [.int, .string], .two { machine, count, text throws(TemplateFailure) in try indent(machine, count, text, "") }),
        Function(
            "nindent", [.int, .string], .two { machine, count, text throws(TemplateFailure) in try indent(machine, count, text, "\n") }),
        Function("plural", [.string, .string, .int], .three { _, one, many, count in count.integer == 1 ? one : many }),
        Function("toString", [.any], .one { _, value in Format.string(value) }),
        Function("toStrings", [.any], .one { _, value in .list(strings(value), .string) }),
        Function("join", [.string, .any], .two(join)),
        Function(
            "split", [.string, .string],
            .two { machine, separator, text throws(TemplateFailure) in
                try numbered(machine, Search.split(bytes(text), by: bytes(separator), most: machine.limits.itemsMax + 1))
            }),
        Function(
            "splitn", [.string, .int, .string],
            .three { machine, separator, count, text throws(TemplateFailure) in
                try numbered(
                    machine,
                    Search.split(
                        bytes(text), by: bytes(separator), most: count.integer < 0 ? machine.limits.itemsMax + 1 : Int(count.integer)))
            }),
        Function("splitList", [.string, .string], .two(splitList)),
        Function("sortAlpha", [.any], .one(sortAlpha)),
        Function(
            "wrap", [.int, .string],
            .two { machine, width, text throws(TemplateFailure) in
                try wrap(machine, bytes(text), Int(width.integer), [], isBreaking: false)
            }),
        Function(
            "wrapWith", [.int, .string, .string],
            .three { machine, width, separator, text throws(TemplateFailure) in
                try wrap(machine, bytes(text), Int(width.integer), bytes(separator), isBreaking: true)
            }),
        Function("nospace", [.string], .one { _, text in .text(withoutSpace(bytes(text))) }),
        Function("initials", [.string], .one { _, text in .text(initials(bytes(text))) }),
    ]

    @inline(__always)
    static func bytes(_ value: Datum) -> [UInt8] { value.stringBytes ?? [] }

    // MARK: Trimming

    static func trimSpace(_ bytes: [UInt8]) -> ArraySlice<UInt8> { trim(bytes) { Characters.isSpace($0) } }

    private static func trim(_ bytes: [UInt8], _ cutset: Datum) -> ArraySlice<UInt8> {
        let set = Set(cutset.text.unicodeScalars)
        return trim(bytes) { set.contains($0) }
    }

    private static func trim(_ bytes: [UInt8], _ isCut: (Unicode.Scalar) -> Bool) -> ArraySlice<UInt8> {
        bytes.withUnsafeBufferPointer { buffer in
            var start = 0
            while start < buffer.count {
                let (scalar, width) = UTF8Bytes.decode(buffer, start)
                guard isCut(scalar) else { break }
                start += width
            }
            var end = buffer.count
            while end > start {
                var begin = end - 1
                while begin > start, end - begin < 4, buffer[begin] & 0xC0 == 0x80 { begin -= 1 }
                let (scalar, width) = UTF8Bytes.decode(buffer, begin)
                guard begin + width == end, isCut(scalar) else { break }
                end = begin
            }
            return bytes[start..<end]
        }
    }

    private static func trimPrefix(_ machine: Machine, _ prefix: Datum, _ text: Datum) throws(TemplateFailure) -> Datum {
        let (prefix, bytes) = (bytes(prefix), bytes(text))
        return bytes.starts(with: prefix) ? .text(bytes[prefix.count...]) : text
    }

    private static func trimSuffix(_ machine: Machine, _ suffix: Datum, _ text: Datum) throws(TemplateFailure) -> Datum {
        let (suffix, bytes) = (bytes(suffix), bytes(text))
        return ends(bytes, suffix) ? .text(bytes[..<(bytes.count - suffix.count)]) : text
    }

    private static func ends(_ bytes: [UInt8], _ suffix: [UInt8]) -> Bool {
        bytes.count >= suffix.count && bytes[(bytes.count - suffix.count)...].elementsEqual(suffix)
    }

    // MARK: Parts

    private static func truncate(_ machine: Machine, _ count: Datum, _ text: Datum) throws(TemplateFailure) -> Datum {
        let count = Int(count.integer)
        if case .string(let string) = text, count >= 0, string.utf8.count <= count { return text }
        let bytes = bytes(text)
        if count < 0, bytes.count + count > 0 { return .text(bytes[(bytes.count + count)...]) }
        return count >= 0 && bytes.count > count ? .text(bytes[..<count]) : text
    }

    private static func substring(_ machine: Machine, _ start: Datum, _ end: Datum, _ text: Datum) throws(TemplateFailure) -> Datum {
        let bytes = bytes(text)
        let (start, end) = (start.integer, end.integer)
        let length = Int64(bytes.count)
        if start < 0 {
            guard end >= 0, end <= length else { throw outOfRange(end < 0 ? "[:\(end)]" : "[:\(end)] with length \(length)") }
            return .text(bytes[..<Int(end)])
        }
        if end < 0 || end > length {
            guard start <= length else { throw outOfRange("[\(start):\(length)]") }
            return .text(bytes[Int(start)...])
        }
        guard start <= end else { throw outOfRange("[\(start):\(end)]") }
        return .text(bytes[Int(start)..<Int(end)])
    }

    private static func outOfRange(_ bounds: String) -> TemplateFailure {
        TemplateFailure("runtime error: slice bounds out of range \(bounds)")
    }

    private static func abbreviate(_ machine: Machine, _ width: Datum, _ text: Datum) throws(TemplateFailure) -> Datum {
        let width = Int(width.integer)
        return width < 4 ? text : .text(abbreviated(bytes(text), offset: 0, width: width))
    }

    private static func abbreviateBoth(
        _ machine: Machine, _ left: Datum, _ right: Datum, _ text: Datum
    ) throws(TemplateFailure) -> Datum {
        let (left, right) = (Int(left.integer), Int(right.integer))
        if right < 4 || left > 0 && right < 7 { return text }
        return .text(abbreviated(bytes(text), offset: left, width: right))
    }

    private static func abbreviated(_ bytes: [UInt8], offset: Int, width: Int) -> [UInt8] {
        if bytes.isEmpty || width < 4 { return [] }
        if bytes.count <= width { return bytes }
        let marker = Array("...".utf8)
        var offset = min(offset, bytes.count)
        if bytes.count - offset < width - 3 { offset = bytes.count - (width - 3) }
        if offset <= 4 { return bytes[..<(width - 3)] + marker }
        if width < 7 { return [] }
        if offset + width - 3 < bytes.count { return marker + abbreviated(Array(bytes[offset...]), offset: 0, width: width - 3) }
        return marker + bytes[(bytes.count - (width - 3))...]
    }

    private static func splitList(_ machine: Machine, _ separator: Datum, _ text: Datum) throws(TemplateFailure) -> Datum {
        let parts = Search.split(bytes(text), by: bytes(separator), most: machine.limits.itemsMax + 1)
        try machine.charge(listOf: parts.count)
        return .list(parts.map { .text($0) }, .string)
    }

    private static func numbered(_ machine: Machine, _ parts: [ArraySlice<UInt8>]) throws(TemplateFailure) -> Datum {
        try machine.charge(listOf: parts.count)
        let map = Dictionary(typeName: "map[string]string", capacity: parts.count)
        for (index, part) in parts.enumerated() { map["_\(index)"] = .text(part) }
        return .map(map)
    }

    // MARK: Making

    private static func repeated(_ machine: Machine, _ count: Datum, _ text: Datum) throws(TemplateFailure) -> Datum {
        let count = count.integer
        guard count >= 0 else { throw TemplateFailure("strings: negative Repeat count") }
        let bytes = bytes(text)
        let (size, overflows) = Int(count).multipliedReportingOverflow(by: bytes.count)
        try machine.charge(bytes: overflows ? .max / 2 : size)
        var result: [UInt8] = []
        result.reserveCapacity(size)
        if !bytes.isEmpty { for _ in 0..<count { result.append(contentsOf: bytes) } }
        return .text(result)
    }

    private static func replace(_ machine: Machine, _ old: Datum, _ new: Datum, _ text: Datum) throws(TemplateFailure) -> Datum {
        let (old, new, bytes) = (bytes(old), bytes(new), bytes(text))
        if new.count > old.count {
            // What it could grow to at most.
            let found = old.isEmpty ? bytes.count + 1 : bytes.count / old.count
            let (size, overflows) = found.multipliedReportingOverflow(by: new.count)
            if overflows || size > 1 << 20 { try machine.charge(bytes: overflows ? .max / 2 : size) }
        }
        guard old.isEmpty || Search.contains(old, in: bytes) else { return text }
        return .text(Search.replace(old, by: new, in: bytes))
    }

    private static func indent(_ machine: Machine, _ count: Datum, _ text: Datum, _ lead: String) throws(TemplateFailure) -> Datum {
        let count = Int(count.integer)
        guard count >= 0 else { throw TemplateFailure("strings: negative Repeat count") }
        guard case .string(var string) = text else { return try indented(machine, count, bytes(text), lead) }
        let lines = string.utf8.count { $0 == UInt8(ascii: "\n") } + 1
        let size = try size(machine, lines, count, string.utf8.count + lead.utf8.count)
        return .string(
            string.withUTF8 { buffer in
                String(unsafeUninitializedCapacity: size) { target in fill(target, buffer, count, hasLead: !lead.isEmpty) }
            })
    }

    private static func size(_ machine: Machine, _ lines: Int, _ count: Int, _ bytes: Int) throws(TemplateFailure) -> Int {
        let (padding, overflows) = lines.multipliedReportingOverflow(by: count)
        let size = overflows ? .max / 2 : padding + bytes
        try machine.charge(bytes: size)
        return size
    }

    private static func indented(_ machine: Machine, _ count: Int, _ bytes: [UInt8], _ lead: String) throws(TemplateFailure) -> Datum {
        let lines = bytes.count { $0 == UInt8(ascii: "\n") } + 1
        let size = try size(machine, lines, count, bytes.count + lead.utf8.count)
        let result = [UInt8](unsafeUninitializedCapacity: size) { target, made in
            made = bytes.withUnsafeBufferPointer { fill(target, $0, count, hasLead: !lead.isEmpty) }
        }
        return .text(result)
    }

    private static func fill(
        _ target: UnsafeMutableBufferPointer<UInt8>, _ text: UnsafeBufferPointer<UInt8>, _ count: Int, hasLead: Bool
    ) -> Int {
        var written = 0
        func pad() {
            for _ in 0..<count {
                target[written] = UInt8(ascii: " ")
                written += 1
            }
        }
        if hasLead {
            target[0] = UInt8(ascii: "\n")
            written = 1
        }
        pad()
        for byte in text {
            target[written] = byte
            written += 1
            if byte == UInt8(ascii: "\n") { pad() }
        }
        return written
    }

    /// Most texts have nothing to escape.
    private static func quoteOne(_ machine: Machine, _ value: Datum) throws(TemplateFailure) -> Datum {
        if case .string(var text) = value {
            let isPlain = text.withUTF8 {
                $0.allSatisfy { $0 >= 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }
            }
            if isPlain { return .string("\"" + text + "\"") }
        }
        return try quote(machine, [value])
    }

    private static func quote(_ machine: Machine, _ values: [Datum]) throws(TemplateFailure) -> Datum {
        var result: [UInt8] = []
        var isFirst = true
        for value in values where !value.isNil {
            if !isFirst { result.append(UInt8(ascii: " ")) }
            isFirst = false
            Quoting.append(Format.stringBytes(value), to: &result)
            try machine.check(bytes: result.count)
        }
        try machine.charge(bytes: result.count)
        return .text(result)
    }

    private static func singleQuote(_ machine: Machine, _ values: [Datum]) throws(TemplateFailure) -> Datum {
        var result: [UInt8] = []
        for value in values where !value.isNil {
            if !result.isEmpty { result.append(UInt8(ascii: " ")) }
            result.append(UInt8(ascii: "'"))
            Format.append(value, to: &result)
            result.append(UInt8(ascii: "'"))
            try machine.check(bytes: result.count)
        }
        return .text(result)
    }

    private static func concatenate(_ machine: Machine, _ values: [Datum]) throws(TemplateFailure) -> Datum {
        var result: [UInt8] = []
        var isFirst = true
        for value in values where !value.isNil {
            if !isFirst { result.append(UInt8(ascii: " ")) }
            isFirst = false
            Format.append(value, to: &result)
            try machine.check(bytes: result.count)
        }
        try machine.charge(bytes: result.count)
        return .text(result)
    }

    // MARK: Lists of strings

    /// Sprig's `strslice`: the items as strings, without those that are nil; anything else is its own only item.
    static func strings(_ value: Datum) -> [Datum] {
        if case .list(let items, .string) = value { return items }
        if let items = value.items { return items.compactMap { $0.isNil ? nil : Format.string($0) } }
        return value.isNil ? [] : [Format.string(value)]
    }

    private static func join(_ machine: Machine, _ separator: Datum, _ value: Datum) throws(TemplateFailure) -> Datum {
        let separator = bytes(separator)
        var result: [UInt8] = []
        for (index, item) in strings(value).enumerated() {
            if index > 0 { result.append(contentsOf: separator) }
            if case .string(let text) = item { result.append(contentsOf: text.utf8) } else { result.append(contentsOf: bytes(item)) }
            try machine.check(bytes: result.count)
        }
        try machine.charge(bytes: result.count)
        return .text(result)
    }

    private static func sortAlpha(_ machine: Machine, _ value: Datum) throws(TemplateFailure) -> Datum {
        guard value.items != nil else { return .list([Format.string(value)], .string) }
        let items = strings(value)
        try machine.charge(items: items.count * 8)
        return .list(items.sorted { bytes($0).lexicographicallyPrecedes(bytes($1)) }, .string)
    }

    // MARK: Words

    private static func wrap(
        _ machine: Machine, _ bytes: [UInt8], _ width: Int, _ separator: [UInt8], isBreaking: Bool
    ) throws(TemplateFailure) -> Datum {
        let separator = separator.isEmpty ? [UInt8(ascii: "\n")] : separator
        let width = max(width, 1)
        try machine.charge(bytes: bytes.count + (bytes.count / width + 1) * separator.count)
        var result: [UInt8] = []
        var offset = 0
        while bytes.count - offset > width {
            if bytes[offset] == UInt8(ascii: " ") {
                offset += 1
                continue
            }
            if let space = bytes[offset...(offset + width)].lastIndex(of: UInt8(ascii: " ")) {
                result += bytes[offset..<space] + separator
                offset = space + 1
            } else if isBreaking {
                result += bytes[offset..<(offset + width)] + separator
                offset += width
            } else if let space = bytes[(offset + width)...].firstIndex(of: UInt8(ascii: " ")) {
                result += bytes[offset..<space] + separator
                offset = space + 1
            } else {
                result += bytes[offset...]
                offset = bytes.count
            }
        }
        return .text(result + bytes[offset...])
    }

    /// Byte by byte, each taken for a character, as the library behind Sprig does.
    private static func withoutSpace(_ bytes: [UInt8]) -> [UInt8] {
        let kept = bytes.filter { !Characters.isSpace(Unicode.Scalar($0)) }
        if kept.count == bytes.count { return bytes }
        return kept.flatMap { Array(String(Unicode.Scalar($0)).utf8) }
    }

    private static func initials(_ bytes: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        var isGap = true
        for byte in bytes {
            if Characters.isSpace(Unicode.Scalar(byte)) {
                isGap = true
            } else if isGap {
                result.append(contentsOf: String(Unicode.Scalar(byte)).utf8)
                isGap = false
            }
        }
        return result
    }
}
