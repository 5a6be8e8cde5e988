// SPDX-License-Identifier: Apache-2.0
import KubernetesAPI
import Manifests

/// How a plaintext may be written in a text: as it is, escaped, encoded, or line by line.
enum SecretForms {
    struct Form {
        var bytes: [UInt8]
        /// Whether encoded characters behind it belong to it: the last one of base64 depends on what follows.
        var isEncoded = false
    }

    /// Encoded forms of what is shorter would be found by chance.
    private static let encodedMin = 6
    /// Lines of a text of several, such as a key in PEM, that are secret each by itself.
    private static let lineMin = 16
    private static let linesMax = 1_000

    static func of(_ plaintext: [UInt8]) -> [Form] {
        var forms = [Form(bytes: plaintext)]
        func add(_ bytes: [UInt8], isEncoded: Bool = false) {
            if !forms.contains(where: { $0.bytes == bytes }) { forms.append(Form(bytes: bytes, isEncoded: isEncoded)) }
        }
        for escaped in escaped(plaintext) { add(escaped) }
        if plaintext.count >= encodedMin {
            // Where it is encoded together with others, as in `user:password`, it may begin at any of three bits.
            for before in 0..<3 {
                let encoded = base64(plaintext, behind: before)
                add(encoded, isEncoded: true)
                if encoded.contains(where: { $0 == UInt8(ascii: "+") || $0 == UInt8(ascii: "/") }) {
                    add(
                        encoded.map { $0 == UInt8(ascii: "+") ? UInt8(ascii: "-") : $0 == UInt8(ascii: "/") ? UInt8(ascii: "_") : $0 },
                        isEncoded: true)
                }
            }
            add(hex(plaintext))
            add(hex(plaintext, upper: true))
        }
        if plaintext.contains(10) {
            for line in plaintext.split(separator: 10).prefix(linesMax)
            where line.count >= lineMin && !line.starts(with: Array("-----".utf8)) {
                add(line.last == 13 ? Array(line.dropLast()) : Array(line))
            }
        }
        return forms
    }

    /// As JSON strings and Go's `%q` escape it, where that makes a difference.
    private static func escaped(_ bytes: [UInt8]) -> [[UInt8]] {
        guard let text = String(validating: bytes, as: UTF8.self) else { return [] }
        let plain = Array(JSON.write(.string(text)).dropFirst().dropLast())
        guard bytes.contains(where: { [UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "&")].contains($0) }) else {
            return plain == bytes ? [] : [plain]
        }
        // Go's encoder writes these so, unless told otherwise.
        var go: [UInt8] = []
        for byte in plain {
            switch byte {
            case UInt8(ascii: "<"): go += Array("\\u003c".utf8)
            case UInt8(ascii: ">"): go += Array("\\u003e".utf8)
            case UInt8(ascii: "&"): go += Array("\\u0026".utf8)
            default: go.append(byte)
            }
        }
        return plain == bytes ? [go] : [plain, go]
    }

    /// The characters that only `bytes` decides, where `before` bytes are encoded in front of them.
    private static func base64(_ bytes: [UInt8], behind before: Int) -> [UInt8] {
        let encoded = Array(Base64.encode([UInt8](repeating: 0, count: before) + bytes).utf8.filter { $0 != UInt8(ascii: "=") })
        let isWhole = (before + bytes.count) % 3 == 0
        return Array(encoded.dropFirst(before == 0 ? 0 : before + 1).dropLast(isWhole ? 0 : 1))
    }

    private static func hex(_ bytes: [UInt8], upper: Bool = false) -> [UInt8] {
        let digits = Array((upper ? "0123456789ABCDEF" : "0123456789abcdef").utf8)
        return bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
    }
}
