// SPDX-License-Identifier: Apache-2.0

import Manifests

/// An amount such as `100m`, `64Mi` or `1e3`, in the canonical spelling of apimachinery's `resource.Quantity`.
struct Quantity {
    /// The amount in units of 10⁻⁹, rounded up.
    private let nanos: Double
    private let isBinary: Bool
    let canonical: String

    private static let binary: [(String, Double)] = [
        ("Ei", 1_152_921_504_606_846_976), ("Pi", 1_125_899_906_842_624), ("Ti", 1_099_511_627_776), ("Gi", 1_073_741_824),
        ("Mi", 1_048_576), ("Ki", 1_024),
    ]
    private static let decimal: [(String, Double)] = [
        ("E", 1e18), ("P", 1e15), ("T", 1e12), ("G", 1e9), ("M", 1e6), ("k", 1e3), ("", 1), ("m", 1e-3), ("u", 1e-6), ("n", 1e-9),
    ]

    init?(_ value: Value) {
        switch value {
        case .string(let text): self.init(text)
        case .int(let number): self.init(String(number))
        case .decimal(let number): self.init(number.text)
        default: return nil
        }
    }

    init?(_ text: String) {
        let number = text.prefix { $0.isASCII && ($0.isNumber || $0 == "." || $0 == "+" || $0 == "-") }
        let suffix = text.dropFirst(number.count)
        guard let mantissa = Double(number) else { return nil }
        let scale: Double
        if suffix.isEmpty {
            scale = 1
        } else if let found = Self.binary.first(where: { $0.0 == suffix }) {
            scale = found.1
        } else if let found = Self.decimal.first(where: { $0.0 == suffix }) {
            scale = found.1
        } else if suffix.first == "e" || suffix.first == "E", let exponent = Int(suffix.dropFirst()), abs(exponent) < 19,
            let power = Double("1e\(exponent)")
        {
            scale = power
        } else {
            return nil
        }
        isBinary = suffix.hasSuffix("i")
        let amount = mantissa * scale
        nanos = amount * 1e9
        canonical = Self.spell(amount, binary: isBinary)
    }

    var amount: Double { nanos / 1e9 }

    private static func spell(_ amount: Double, binary isBinary: Bool) -> String {
        if amount == 0 { return "0" }
        if isBinary, amount == amount.rounded() {
            for (suffix, scale) in binary where (amount / scale).rounded() * scale == amount { return whole(amount / scale) + suffix }
            return whole(amount)
        }
        for (suffix, scale) in decimal {
            let scaled = amount / scale
            let rounded = scaled.rounded()
            if abs(rounded) >= 1, abs(scaled - rounded) < 1e-9 * max(1, abs(rounded)) { return whole(rounded) + suffix }
        }
        return whole((amount * 1e9).rounded(.up)) + "n"
    }

    private static func whole(_ number: Double) -> String { abs(number) < 9e18 ? String(Int64(number.rounded())) : String(number) }
}
