// SPDX-License-Identifier: Apache-2.0
import RegularExpressions

/// The formats of JSON Schema that charts name; one that is not known allows everything.
enum SchemaFormat {
    static func fits(_ format: String, _ text: String) -> Bool {
        switch format {
        case "date-time": matches(dateTime, text)
        case "date": matches(date, text)
        case "time": matches(time, text)
        case "email": isEmail(text)
        case "hostname": isHostname(text)
        case "ipv4": isIPv4(text)
        case "ipv6": isIPv6(text)
        case "uri": matches(uri, text)
        case "uri-reference": text.utf8.allSatisfy { $0 > 32 && $0 != UInt8(ascii: "\\") && $0 != 127 }
        case "uuid": matches(uuid, text)
        case "regex": (try? RegularExpression(text)) != nil
        case "json-pointer": text.isEmpty || text.hasPrefix("/")
        default: true
        }
    }

    private static let date = "^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$"
    private static let clock = "([01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)(\\.[0-9]+)?([zZ]|[+-]([01][0-9]|2[0-3]):[0-5][0-9])"
    private static let time = "^\(clock)$"
    private static let dateTime = "^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])[tT]\(clock)$"
    private static let uri = "^[A-Za-z][A-Za-z0-9+.-]*:[^\\s\\\\]*$"
    private static let uuid = "^[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}$"

    private static func matches(_ pattern: String, _ text: String) -> Bool { (try? RegularExpression(pattern))?.matches(text) ?? true }

    private static func isEmail(_ text: String) -> Bool {
        guard let at = text.lastIndex(of: "@"), text.utf8.count <= 254 else { return false }
        let local = text[..<at]
        return !local.isEmpty && local.utf8.count <= 64 && !local.contains(" ") && isHostname(String(text[at...].dropFirst()))
    }

    /// RFC 1123 §2.1.
    private static func isHostname(_ text: String) -> Bool {
        let name = text.hasSuffix(".") ? text.dropLast() : text[...]
        guard !name.isEmpty, name.utf8.count <= 253 else { return false }
        return name.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { label in
            !label.isEmpty && label.utf8.count <= 63 && !label.hasPrefix("-") && !label.hasSuffix("-")
                && label.unicodeScalars.allSatisfy { $0 == "-" || ($0.isASCII && $0.properties.isAlphabetic) || ("0"..."9").contains($0) }
        }
    }

    private static func isIPv4(_ text: String) -> Bool {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4
            && parts.allSatisfy { part in
                (1...3).contains(part.utf8.count) && part.allSatisfy(\.isNumber) && (part == "0" || !part.hasPrefix("0"))
                    && (Int(part) ?? 256) < 256
            }
    }

    private static func isIPv6(_ text: String) -> Bool {
        let halves = text.split(separator: "::", omittingEmptySubsequences: false)
        guard halves.count <= 2 else { return false }
        var groups = 0
        for (index, half) in halves.enumerated() where !half.isEmpty {
            let parts = half.split(separator: ":", omittingEmptySubsequences: false)
            for (place, part) in parts.enumerated() {
                if part.contains(".") {
                    guard index == halves.count - 1, place == parts.count - 1, isIPv4(String(part)) else { return false }
                    groups += 2
                } else {
                    guard (1...4).contains(part.utf8.count), part.allSatisfy(\.isHexDigit) else { return false }
                    groups += 1
                }
            }
        }
        return halves.count == 2 ? groups < 8 : groups == 8
    }
}
