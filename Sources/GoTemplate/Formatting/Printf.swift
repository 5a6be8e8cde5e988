// SPDX-License-Identifier: Apache-2.0

/// Go's `fmt.Sprintf`.
struct Printf {
    private struct Flags {
        var minus = false
        var plus = false
        var sharp = false
        var space = false
        var zero = false
        var width: Int?
        var precision: Int?
        /// `%+v` and `%#v`.
        var plusV = false
        var sharpV = false
    }

    private var output: [UInt8] = []
    private var flags = Flags()
    private let arguments: [Datum]
    private var argument = 0
    private var isReordered = false
    private var isGoodIndex = true
    private let widthMax = 1_000_000
    private var depth = 0

    private init(_ arguments: [Datum]) { self.arguments = arguments }

    static func format(_ format: [UInt8], _ arguments: [Datum]) -> [UInt8] {
        var printf = Printf(arguments)
        printf.run(format)
        return printf.output
    }

    // MARK: The format

    private mutating func run(_ format: [UInt8]) {
        var index = 0
        let end = format.count
        var afterIndex = false
        while index < end {
            isGoodIndex = true
            let start = index
            while index < end, format[index] != UInt8(ascii: "%") { index += 1 }
            output.append(contentsOf: format[start..<index])
            guard index < end else { break }
            index += 1
            flags = Flags()
            index = readFlags(format, index)
            afterIndex = false
            (index, afterIndex) = readIndex(format, index)
            if index < end, format[index] == UInt8(ascii: "*") {
                index += 1
                let (number, isGood) = takeInt()
                flags.width = number
                if !isGood { append("%!(BADWIDTH)") }
                if let width = flags.width, width < 0 {
                    flags.width = -width
                    flags.minus = true
                    flags.zero = false
                }
                afterIndex = false
            } else {
                let (number, next) = Self.number(format, index)
                flags.width = number
                index = next
                if afterIndex, number != nil { isGoodIndex = false }
            }
            if index + 1 <= end, index < end, format[index] == UInt8(ascii: ".") {
                index += 1
                if afterIndex { isGoodIndex = false }
                (index, afterIndex) = readIndex(format, index)
                if index < end, format[index] == UInt8(ascii: "*") {
                    index += 1
                    let (number, isGood) = takeInt()
                    flags.precision = number
                    if let precision = number, precision < 0 {
                        flags.precision = nil
                        append("%!(BADPREC)")
                    } else if !isGood {
                        append("%!(BADPREC)")
                    }
                    afterIndex = false
                } else {
                    let (number, next) = Self.number(format, index)
                    flags.precision = number ?? 0
                    index = next
                }
            }
            if !afterIndex { (index, afterIndex) = readIndex(format, index) }
            guard index < end else {
                append("%!(NOVERB)")
                break
            }
            let (verb, width) = format.withUnsafeBufferPointer { UTF8Bytes.decode($0, index) }
            index += width
            if verb == "%" {
                output.append(UInt8(ascii: "%"))
            } else if !isGoodIndex {
                append("%!\(verb)(BADINDEX)")
            } else if argument >= arguments.count {
                append("%!\(verb)(MISSING)")
            } else {
                if verb == "v" {
                    flags.sharpV = flags.sharp
                    flags.sharp = false
                    flags.plusV = flags.plus
                    flags.plus = false
                }
                printArgument(arguments[argument], verb)
                argument += 1
            }
        }
        guard !isReordered, argument < arguments.count else { return }
        flags = Flags()
        append("%!(EXTRA ")
        for (index, value) in arguments[argument...].enumerated() {
            if index > 0 { append(", ") }
            if value.isNil {
                append("<nil>")
            } else {
                append(value.typeName + "=")
                printArgument(value, "v")
            }
        }
        append(")")
    }

    private mutating func readFlags(_ format: [UInt8], _ start: Int) -> Int {
        var index = start
        while index < format.count {
            switch format[index] {
            case UInt8(ascii: "#"): flags.sharp = true
            case UInt8(ascii: "0"): flags.zero = true
            case UInt8(ascii: "+"): flags.plus = true
            case UInt8(ascii: "-"): flags.minus = true
            case UInt8(ascii: " "): flags.space = true
            default: return index
            }
            index += 1
        }
        return index
    }

    /// `[n]`: the next argument is the one with this number, counted from 1.
    private mutating func readIndex(_ format: [UInt8], _ start: Int) -> (Int, Bool) {
        guard start < format.count, format[start] == UInt8(ascii: "[") else { return (start, false) }
        isReordered = true
        guard let close = format[start...].firstIndex(of: UInt8(ascii: "]")) else {
            isGoodIndex = false
            return (start + 1, false)
        }
        let (number, next) = Self.number(format, start + 1)
        guard let number, next == close, number >= 1, number <= arguments.count else {
            isGoodIndex = false
            return (close + 1, true)
        }
        argument = number - 1
        return (close + 1, true)
    }

    private static func number(_ format: [UInt8], _ start: Int) -> (Int?, Int) {
        var index = start
        var number = 0
        while index < format.count, format[index] >= UInt8(ascii: "0"), format[index] <= UInt8(ascii: "9") {
            number = min(number * 10 + Int(format[index] - UInt8(ascii: "0")), 1_000_000)
            index += 1
        }
        return (index > start ? number : nil, index)
    }

    private mutating func takeInt() -> (Int?, Bool) {
        guard argument < arguments.count else { return (nil, false) }
        let value = arguments[argument]
        argument += 1
        guard case .integer(let number, _) = value, number.magnitude <= UInt64(widthMax) else { return (nil, false) }
        return (Int(number), true)
    }

    // MARK: Arguments

    private mutating func append(_ text: String) { output.append(contentsOf: text.utf8) }

    private mutating func printArgument(_ value: Datum, _ verb: Unicode.Scalar) {
        switch verb {
        case "T": return pad(Array(value.typeName.utf8))
        case "p": return badVerb(value, verb)
        default: break
        }
        if value.isNil {
            if verb == "v" { return pad(Array("<nil>".utf8)) }
            return badVerb(value, verb)
        }
        printValue(value, verb)
    }

    private mutating func badVerb(_ value: Datum, _ verb: Unicode.Scalar) {
        append("%!\(verb)(")
        if value.isNil {
            append("<nil>")
        } else {
            append(value.typeName + "=")
            let outer = flags
            flags = Flags()
            printValue(value, "v")
            flags = outer
        }
        append(")")
    }

    private mutating func printValue(_ value: Datum, _ verb: Unicode.Scalar) {
        if depth > Nesting.most || output.count > Nesting.bytesMost { return }
        depth += 1
        defer { depth -= 1 }
        switch value {
        case .none, .null: append(flags.sharpV ? "interface {}(nil)" : "<nil>")
        case .bool(let flag):
            if verb == "t" || verb == "v" { pad(Array((flag ? "true" : "false").utf8)) } else { badVerb(value, verb) }
        case .integer(let number, let type):
            if type == .duration, "vsxXq".unicodeScalars.contains(verb), !flags.sharpV {
                printString(Array(GoDuration.text(number).utf8), value, verb)
            } else {
                printInteger(number, type, value, verb)
            }
        case .float(let number): printFloat(number, value, verb)
        case .string(let text): printString(Array(text.utf8), value, verb)
        case .raw(let bytes): printString(bytes, value, verb)
        case .bytes(let bytes):
            if verb == "v" || verb == "d" {
                printItems(bytes.map { .integer(Int64($0), .uint8) }, verb, typeName: "[]byte")
            } else {
                printString(bytes, value, verb)
            }
        case .list(let items, let type):
            if flags.sharpV, type.isNil { return append("\(type.goName)(nil)") }
            printItems(items, verb, typeName: type.goName)
        case .map(let map): printMembers(Array(map.members), verb, typeName: map.typeName)
        case .time(let moment): printString(Array(moment.description.utf8), value, verb)
        case .object(let object):
            if let text = object.printed {
                printString(Array(text.utf8), value, verb)
            } else if let items = object.items {
                printItems(items, verb, typeName: object.typeName)
            } else if object.kindName == "map" {
                printMembers(object.members ?? [], verb, typeName: object.typeName)
            } else {
                printFields(object, verb)
            }
        }
    }

    private mutating func printItems(_ items: [Datum], _ verb: Unicode.Scalar, typeName: String) {
        append(flags.sharpV ? typeName + "{" : "[")
        for (index, item) in items.enumerated() {
            if index > 0 { append(flags.sharpV ? ", " : " ") }
            printValue(item, verb)
        }
        append(flags.sharpV ? "}" : "]")
    }

    private mutating func printMembers(_ members: [(String, Datum)], _ verb: Unicode.Scalar, typeName: String) {
        append(flags.sharpV ? typeName + "{" : "map[")
        for (index, (key, item)) in members.enumerated() {
            if index > 0 { append(flags.sharpV ? ", " : " ") }
            printValue(.string(key), verb)
            append(":")
            printValue(item, verb)
        }
        append(flags.sharpV ? "}" : "]")
    }

    private mutating func printFields(_ object: any TemplateObject, _ verb: Unicode.Scalar) {
        if flags.sharpV { append(object.typeName) } else if object.kindName == "ptr" { append("&") }
        append("{")
        for (index, (name, item)) in (object.members ?? []).enumerated() {
            if index > 0 { append(flags.sharpV ? ", " : " ") }
            if flags.plusV || flags.sharpV { append(name + ":") }
            printValue(item, verb)
        }
        append("}")
    }

    // MARK: Scalars

    private mutating func pad(_ text: [UInt8]) {
        guard let width = flags.width else { return output.append(contentsOf: text) }
        let missing = width - UTF8Bytes.scalars(text).count
        guard missing > 0 else { return output.append(contentsOf: text) }
        if flags.minus {
            output.append(contentsOf: text)
            output.append(contentsOf: repeatElement(UInt8(ascii: " "), count: missing))
        } else {
            output.append(contentsOf: repeatElement(UInt8(ascii: flags.zero ? "0" : " "), count: missing))
            output.append(contentsOf: text)
        }
    }

    private func truncated(_ text: [UInt8]) -> [UInt8] {
        guard let precision = flags.precision else { return text }
        var count = 0
        for (_, width) in UTF8Bytes.scalars(text).prefix(precision) { count += width }
        return Array(text[..<count])
    }

    private mutating func printString(_ text: [UInt8], _ value: Datum, _ verb: Unicode.Scalar) {
        switch verb {
        case "v" where flags.sharpV:
            var quoted: [UInt8] = []
            Quoting.append(text, to: &quoted)
            pad(quoted)
        case "v", "s": pad(truncated(text))
        case "x", "X": printHex(text, isUpper: verb == "X")
        case "q":
            let text = truncated(text)
            if flags.sharp, Self.canBackquote(text) { return pad([UInt8(ascii: "`")] + text + [UInt8(ascii: "`")]) }
            var quoted: [UInt8] = []
            Quoting.append(text, to: &quoted, asciiOnly: flags.plus)
            pad(quoted)
        default: badVerb(value, verb)
        }
    }

    private static func canBackquote(_ text: [UInt8]) -> Bool {
        UTF8Bytes.scalars(text).allSatisfy { scalar, width in
            if width > 1 { return scalar != "\u{FEFF}" }
            return scalar == "\t" || (scalar.value >= 0x20 && scalar != "`" && scalar.value != 0x7F && scalar != "\u{FFFD}")
        }
    }

    private mutating func printHex(_ text: [UInt8], isUpper: Bool) {
        let text = flags.precision.map { Array(text.prefix($0)) } ?? text
        let digits = Array((isUpper ? "0123456789ABCDEF" : "0123456789abcdef").utf8)
        var hex: [UInt8] = []
        for (index, byte) in text.enumerated() {
            if flags.space, index > 0 { hex.append(UInt8(ascii: " ")) }
            if flags.sharp, flags.space || index == 0 { hex.append(contentsOf: isUpper ? "0X".utf8 : "0x".utf8) }
            hex.append(digits[Int(byte >> 4)])
            hex.append(digits[Int(byte & 15)])
        }
        pad(hex)
    }

    private mutating func printInteger(_ number: Int64, _ type: Datum.IntegerType, _ value: Datum, _ verb: Unicode.Scalar) {
        let isNegative = number < 0 && !type.isUnsigned
        let magnitude = isNegative ? number.magnitude : UInt64(bitPattern: number)
        switch verb {
        case "v" where flags.sharpV && type.isUnsigned:
            flags.sharp = true
            printDigits(magnitude, isNegative, radix: 16, verb: "x")
            flags.sharp = false
        case "v", "d": printDigits(magnitude, isNegative, radix: 10, verb: verb)
        case "b": printDigits(magnitude, isNegative, radix: 2, verb: verb)
        case "o", "O": printDigits(magnitude, isNegative, radix: 8, verb: verb)
        case "x", "X": printDigits(magnitude, isNegative, radix: 16, verb: verb)
        case "c": pad(Array(String(Self.scalar(number)).utf8))
        case "q": pad(Quoting.quoteCharacter(Self.scalar(number), asciiOnly: flags.plus))
        case "U":
            let hex = String(magnitude, radix: 16, uppercase: true)
            var text = "U+" + String(repeating: "0", count: max(0, (flags.precision ?? 4) - hex.count)) + hex
            if flags.sharp, let scalar = Unicode.Scalar(UInt32(truncatingIfNeeded: magnitude)), Characters.isPrintable(scalar) {
                text += " '\(scalar)'"
            }
            let zero = flags.zero
            flags.zero = false
            pad(Array(text.utf8))
            flags.zero = zero
        default: badVerb(value, verb)
        }
    }

    private static func scalar(_ number: Int64) -> Unicode.Scalar { UInt32(exactly: number).flatMap(Unicode.Scalar.init) ?? "\u{FFFD}" }

    private mutating func printDigits(_ magnitude: UInt64, _ isNegative: Bool, radix: Int, verb: Unicode.Scalar) {
        var digits = Array(String(magnitude, radix: radix, uppercase: verb == "X").utf8)
        var prefix: [UInt8] = []
        if isNegative {
            prefix = [UInt8(ascii: "-")]
        } else if flags.plus {
            prefix = [UInt8(ascii: "+")]
        } else if flags.space {
            prefix = [UInt8(ascii: " ")]
        }
        var precision = 0
        if let wanted = flags.precision {
            precision = wanted
            if precision == 0, magnitude == 0 {
                let zero = flags.zero
                flags.zero = false
                pad([])
                flags.zero = zero
                return
            }
        } else if flags.zero, !flags.minus, let width = flags.width {
            precision = width - prefix.count
        }
        if digits.count < precision { digits.insert(contentsOf: repeatElement(UInt8(ascii: "0"), count: precision - digits.count), at: 0) }
        if flags.sharp {
            switch radix {
            case 2: prefix += Array("0b".utf8)
            case 8: if digits.first != UInt8(ascii: "0") { prefix.append(UInt8(ascii: "0")) }
            case 16: prefix += Array((verb == "X" ? "0X" : "0x").utf8)
            default: break
            }
        }
        if verb == "O" { prefix += Array("0o".utf8) }
        let zero = flags.zero
        flags.zero = false
        pad(prefix + digits)
        flags.zero = zero
    }

    private mutating func printFloat(_ number: Double, _ value: Datum, _ verb: Unicode.Scalar) {
        let text: String
        switch verb {
        case "v": text = FloatText.format(number, verb: "g", precision: flags.precision ?? -1)
        case "g", "G": text = FloatText.format(number, verb: Character(verb), precision: flags.precision ?? -1)
        case "e", "E", "f": text = FloatText.format(number, verb: Character(verb), precision: flags.precision ?? 6)
        case "F": text = FloatText.format(number, verb: "f", precision: flags.precision ?? 6)
        default: return badVerb(value, verb)
        }
        var digits = Array(text.utf8)
        var sign: [UInt8] = []
        if let first = digits.first, first == UInt8(ascii: "-") || first == UInt8(ascii: "+") {
            sign = [first]
            digits.removeFirst()
        }
        if sign == [UInt8(ascii: "+")] || sign.isEmpty {
            sign = flags.plus ? [UInt8(ascii: "+")] : flags.space ? [UInt8(ascii: " ")] : number.isInfinite && !sign.isEmpty ? sign : []
        }
        if flags.sharp, number.isFinite { digits = Self.sharp(digits, verb, flags.precision) }
        let zero = flags.zero
        if zero, !flags.minus, number.isFinite, let width = flags.width, width > sign.count + digits.count {
            digits.insert(contentsOf: repeatElement(UInt8(ascii: "0"), count: width - sign.count - digits.count), at: 0)
        }
        flags.zero = false
        pad(sign + digits)
        flags.zero = zero
    }

    /// The sharp flag: always a point, and for `%g` the trailing zeros.
    private static func sharp(_ digits: [UInt8], _ verb: Unicode.Scalar, _ precision: Int?) -> [UInt8] {
        let exponent = digits.firstIndex { $0 | 0x20 == UInt8(ascii: "e") } ?? digits.count
        var mantissa = Array(digits[..<exponent])
        let hasPoint = mantissa.contains(UInt8(ascii: "."))
        if !hasPoint { mantissa.append(UInt8(ascii: ".")) }
        if verb == "v" || verb == "g" || verb == "G" {
            let significant = mantissa.drop { $0 == UInt8(ascii: "0") || $0 == UInt8(ascii: ".") }.count { $0 != UInt8(ascii: ".") }
            let missing = (precision ?? 6) - significant
            if missing > 0 { mantissa.append(contentsOf: repeatElement(UInt8(ascii: "0"), count: missing)) }
        }
        return mantissa + digits[exponent...]
    }
}
