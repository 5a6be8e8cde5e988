// SPDX-License-Identifier: Apache-2.0

/// Shamir's secret sharing over GF(2⁸) with AES' polynomial, in the layout of HashiCorp's Vault: each share is one byte of y for
/// every byte of the secret, then its x.
enum Shamir {
    /// The secret of these shares; `nil` where they do not fit together. Too few, or wrong ones, give a wrong secret.
    static func combine(_ shares: [[UInt8]]) -> [UInt8]? {
        guard shares.count >= 2, let length = shares.first?.count, length >= 2, shares.allSatisfy({ $0.count == length }) else {
            return nil
        }
        let places = shares.compactMap(\.last)
        guard Set(places).count == places.count else { return nil }
        // Lagrange's basis at zero: the product of x_j / (x_j - x_i), where subtraction is exclusive or.
        let weights = places.indices.map { index in
            places.indices.filter { $0 != index }.reduce(UInt8(1)) { product, other in
                multiply(product, multiply(places[other], inverse(places[other] ^ places[index])))
            }
        }
        return (0..<(length - 1)).map { position in
            shares.indices.reduce(UInt8(0)) { $0 ^ multiply(shares[$1][position], weights[$1]) }
        }
    }

    /// Without branches or tables that would depend on secrets.
    static func multiply(_ left: UInt8, _ right: UInt8) -> UInt8 {
        var product: UInt8 = 0
        for bit in (0..<8).reversed() {
            let reduction = (0 &- (product >> 7)) & 0x1B
            product = product << 1 ^ reduction ^ ((0 &- (right >> UInt8(bit) & 1)) & left)
        }
        return product
    }

    /// The 254th power, since the 255th of all but zero is one.
    static func inverse(_ number: UInt8) -> UInt8 {
        var power = number
        var result: UInt8 = 1
        for _ in 1..<8 {
            power = multiply(power, power)
            result = multiply(result, power)
        }
        return result
    }
}
