// SPDX-License-Identifier: Apache-2.0

/// A number in decimal digits, for sums that people can check: 0.1 + 0.2 is 0.3.
struct DecimalNumber {
    /// Most significant first, without leading zeros; empty for 0.
    private let digits: [UInt8]
    private let isNegative: Bool
    /// The power of ten of the last digit.
    private let exponent: Int

    var isZero: Bool { digits.isEmpty }
    var negated: DecimalNumber { DecimalNumber(digits, !isNegative, exponent) }

    private init(_ digits: [UInt8], _ isNegative: Bool, _ exponent: Int) {
        self.digits = Array(digits.drop { $0 == 0 })
        self.isNegative = isNegative
        self.exponent = exponent
    }

    /// The shortest decimal number that reads back as this one; `nil` for infinities and NaN.
    init?(_ number: Double) {
        guard number.isFinite else { return nil }
        let (negative, text, point) = FloatText.shortest(number)
        self.init(text.map { $0 - UInt8(ascii: "0") }, negative, point - text.count)
    }

    var double: Double {
        if isZero { return 0 }
        let text = String(decoding: digits.map { $0 + UInt8(ascii: "0") }, as: UTF8.self)
        return Double("\(isNegative ? "-" : "")\(text)e\(exponent)") ?? 0
    }

    private func shifted(to exponent: Int) -> [UInt8] {
        isZero ? [] : digits + repeatElement(0, count: self.exponent - exponent)
    }

    func adding(_ other: DecimalNumber) -> DecimalNumber {
        if isZero { return other }
        if other.isZero { return self }
        let common = min(exponent, other.exponent)
        let (a, b) = (shifted(to: common), other.shifted(to: common))
        if isNegative == other.isNegative { return DecimalNumber(Self.sum(a, b), isNegative, common) }
        return Self.isLess(a, b)
            ? DecimalNumber(Self.difference(b, a), other.isNegative, common) : DecimalNumber(Self.difference(a, b), isNegative, common)
    }

    func multiplied(by other: DecimalNumber) -> DecimalNumber {
        var product = [Int](repeating: 0, count: digits.count + other.digits.count)
        for (i, a) in digits.reversed().enumerated() {
            for (j, b) in other.digits.reversed().enumerated() { product[i + j] += Int(a) * Int(b) }
        }
        var carry = 0
        for index in product.indices {
            carry += product[index]
            product[index] = carry % 10
            carry /= 10
        }
        return DecimalNumber(product.reversed().map { UInt8($0) }, isNegative != other.isNegative, exponent + other.exponent)
    }

    /// With 16 digits behind the point, the last rounded; `other` is not 0.
    func divided(by other: DecimalNumber) -> DecimalNumber {
        let shift = exponent - other.exponent + Self.divisionPrecision
        var numerator = digits
        var denominator = other.digits
        if shift >= 0 { numerator += repeatElement(0, count: shift) } else { denominator += repeatElement(0, count: -shift) }
        var quotient: [UInt8] = []
        var rest: [UInt8] = []
        for digit in numerator {
            if !rest.isEmpty || digit != 0 { rest.append(digit) }
            var count: UInt8 = 0
            while !Self.isLess(rest, denominator) {
                rest = Array(Self.difference(rest, denominator).drop { $0 == 0 })
                count += 1
            }
            quotient.append(count)
        }
        if !Self.isLess(Self.sum(rest, rest), denominator) { quotient = Self.sum(quotient, [1]) }
        return DecimalNumber(quotient, isNegative != other.isNegative, -Self.divisionPrecision)
    }

    private static let divisionPrecision = 16

    private static func isLess(_ a: [UInt8], _ b: [UInt8]) -> Bool {
        let (a, b) = (a.drop { $0 == 0 }, b.drop { $0 == 0 })
        return a.count == b.count ? a.lexicographicallyPrecedes(b) : a.count < b.count
    }

    private static func sum(_ a: [UInt8], _ b: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        var carry: UInt8 = 0
        for index in 0..<max(a.count, b.count) {
            let total = (index < a.count ? a[a.count - 1 - index] : 0) + (index < b.count ? b[b.count - 1 - index] : 0) + carry
            result.append(total % 10)
            carry = total / 10
        }
        if carry > 0 { result.append(carry) }
        return result.reversed()
    }

    /// `a` is not less than `b`.
    private static func difference(_ a: [UInt8], _ b: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        var borrow: Int = 0
        for index in 0..<a.count {
            var digit = Int(a[a.count - 1 - index]) - (index < b.count ? Int(b[b.count - 1 - index]) : 0) - borrow
            borrow = digit < 0 ? 1 : 0
            if digit < 0 { digit += 10 }
            result.append(UInt8(digit))
        }
        return result.reversed()
    }
}
