// SPDX-License-Identifier: Apache-2.0
import Manifests

/// Doubles in the notations of Go, shortest digits first.
enum GoNumber {
    /// As `encoding/json` writes it: with an exponent below 1e-6 and from 1e21 on.
    static func json(_ number: Double) -> String { text(number, plainPowers: -6..<21, exponentDigits: 1) }

    /// As `fmt`'s `%v` writes it: with an exponent of two digits below 1e-4 and from 1e21 on.
    static func general(_ number: Double) -> String { text(number, plainPowers: -4..<21, exponentDigits: 2) }

    private static func text(_ number: Double, plainPowers: Range<Int>, exponentDigits: Int) -> String {
        guard let decimal = Decimal(number) else { return "\(number)" }
        let form = decimal.normalized
        // A zero keeps its sign in Go.
        let sign = number.sign == .minus ? "-" : ""
        if form.digits == "0" { return sign + "0" }
        let digits = form.digits
        let power = digits.utf8.count - 1 + form.exponent
        guard plainPowers.contains(power) else {
            let exponent = String(abs(power))
            let fraction = digits.utf8.count > 1 ? "." + digits.dropFirst() : ""
            let padding = String(repeating: "0", count: max(exponentDigits - exponent.utf8.count, 0))
            return "\(sign)\(digits.prefix(1))\(fraction)e\(power < 0 ? "-" : "+")\(padding)\(exponent)"
        }
        if form.exponent >= 0 { return sign + digits + String(repeating: "0", count: form.exponent) }
        if power < 0 { return sign + "0." + String(repeating: "0", count: -power - 1) + digits }
        return sign + digits.prefix(power + 1) + "." + digits.dropFirst(power + 1)
    }
}
