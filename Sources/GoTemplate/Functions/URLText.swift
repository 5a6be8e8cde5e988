// SPDX-License-Identifier: Apache-2.0

/// URLs taken apart and put together as Go's net/url does.
struct URLText {
    var scheme = ""
    var opaque = ""
    /// User and password as they stand in the URL, escaped.
    var userinfo: String?
    var host = ""
    /// Unescaped.
    var path = ""
    private var rawPath = ""
    var query = ""
    var fragment = ""
    private var hasEmptyQuery = false

    enum Place {
        case path, user, host, query, fragment
    }

    // MARK: Taking apart

    static func parse(_ text: String) throws(TemplateFailure) -> URLText {
        func failure(_ message: String) -> TemplateFailure {
            TemplateFailure("unable to parse url: parse \(Quoting.quote(text)): \(message)")
        }
        if text.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) { throw failure("net/url: invalid control character in URL") }
        var url = URLText()
        var rest = text[...]
        if let mark = rest.firstIndex(of: "#") {
            guard let fragment = unescape(String(rest[mark...].dropFirst()), .fragment) else { throw failure(invalidEscape(rest[mark...])) }
            url.fragment = fragment
            rest = rest[..<mark]
        }
        if rest == "*" {
            url.path = "*"
            return url
        }
        guard let (scheme, behind) = splitScheme(rest) else { throw failure("missing protocol scheme") }
        url.scheme = scheme.lowercased()
        rest = behind
        if rest.hasSuffix("?"), rest.count(where: { $0 == "?" }) == 1 {
            url.hasEmptyQuery = true
            rest = rest.dropLast()
        } else if let mark = rest.firstIndex(of: "?") {
            url.query = String(rest[mark...].dropFirst())
            rest = rest[..<mark]
        }
        if !rest.hasPrefix("/") {
            if !url.scheme.isEmpty {
                url.opaque = String(rest)
                return url
            }
            let segment = rest.prefix { $0 != "/" }
            if segment.contains(":") { throw failure("first path segment in URL cannot contain colon") }
        }
        if !url.scheme.isEmpty || !rest.hasPrefix("///"), rest.hasPrefix("//") {
            let authority = rest.dropFirst(2).prefix { $0 != "/" }
            rest = rest.dropFirst(2 + authority.count)
            try url.readAuthority(authority, failure)
        }
        guard let path = unescape(String(rest), .path) else { throw failure(invalidEscape(rest)) }
        url.path = path
        url.rawPath = String(rest)
        return url
    }

    /// `nil` where the text begins with a colon.
    private static func splitScheme(_ text: Substring) -> (scheme: String, rest: Substring)? {
        for (index, byte) in text.utf8.enumerated() {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): continue
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."):
                if index == 0 { return ("", text) }
            case UInt8(ascii: ":"): return index == 0 ? nil : (String(text.prefix(index)), text.dropFirst(index + 1))
            default: return ("", text)
            }
        }
        return ("", text)
    }

    private mutating func readAuthority(_ authority: Substring, _ failure: (String) -> TemplateFailure) throws(TemplateFailure) {
        var host = authority
        if let mark = authority.lastIndex(of: "@") {
            let user = authority[..<mark]
            host = authority[mark...].dropFirst()
            let allowed = "-._:~!$&'()*+,;=%@"
            guard user.utf8.allSatisfy({ Self.isUnreserved($0) || allowed.utf8.contains($0) }) else {
                throw failure("net/url: invalid userinfo")
            }
            let parts = user.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            var shown: [String] = []
            for part in parts {
                guard let plain = Self.unescape(String(part), .user) else { throw failure(Self.invalidEscape(part)) }
                shown.append(UTF8Bytes.repaired(Self.escape(Array(plain.utf8), .user)))
            }
            userinfo = shown.joined(separator: ":")
        }
        if let colon = host.lastIndex(of: ":"), !host.hasSuffix("]"),
            !host[colon...].dropFirst().utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 })
        {
            throw failure("invalid port \(Quoting.quote(String(host[colon...]))) after host")
        }
        guard let plain = Self.unescape(String(host), .host) else { throw failure(Self.invalidEscape(host)) }
        if plain.contains(" ") { throw failure("invalid character \" \" in host name") }
        self.host = plain
    }

    private static func invalidEscape(_ text: Substring) -> String {
        let bytes = Array(text.utf8)
        for (index, byte) in bytes.enumerated() where byte == UInt8(ascii: "%") {
            let part = bytes[index..<min(index + 3, bytes.count)]
            if part.count < 3 || part.dropFirst().contains(where: { !Character(Unicode.Scalar($0)).isHexDigit }) {
                return "invalid URL escape \(Quoting.quote(String(decoding: part, as: UTF8.self)))"
            }
        }
        return "invalid URL escape"
    }

    private static func unescape(_ text: String, _ place: Place) -> String? {
        guard text.utf8.contains(UInt8(ascii: "%")) else { return text }
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard rest.count >= 2, let code = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16),
                rest[rest.startIndex] != UInt8(ascii: "+")
            else { return nil }
            bytes.append(code)
            rest = rest.dropFirst(2)
        }
        return UTF8Bytes.repaired(bytes)
    }

    private var hostname: String {
        if host.hasPrefix("["), let end = host.firstIndex(of: "]") { return String(host[host.index(after: host.startIndex)..<end]) }
        guard let colon = host.lastIndex(of: ":") else { return host }
        return String(host[..<colon])
    }

    var dictionary: Dictionary {
        Dictionary([
            ("fragment", .string(fragment)), ("host", .string(host)), ("hostname", .string(hostname)), ("opaque", .string(opaque)),
            ("path", .string(path)), ("query", .string(query)), ("scheme", .string(scheme)), ("userinfo", .string(userinfo ?? "")),
        ])
    }

    // MARK: Putting together

    private init() {}

    init(_ parts: Dictionary) throws(TemplateFailure) {
        func text(_ key: String) throws(TemplateFailure) -> String {
            guard let value = parts[key] else { return "" }
            guard value.isString else {
                throw TemplateFailure("unable to parse \(key) key, must be of type string, but \(value.kindName) found")
            }
            return value.text
        }
        scheme = try text("scheme")
        host = try text("host")
        path = try text("path")
        query = try text("query")
        opaque = try text("opaque")
        fragment = try text("fragment")
        let user = try text("userinfo")
        if !user.isEmpty {
            do throws(TemplateFailure) { userinfo = try Self.parse("proto://\(user)@host").userinfo } catch {
                throw TemplateFailure("unable to parse userinfo in dict: " + error.message.dropFirst("unable to parse url: ".count))
            }
        }
    }

    var joined: String {
        var text = scheme.isEmpty ? "" : scheme + ":"
        if !opaque.isEmpty {
            text += opaque
        } else {
            if !scheme.isEmpty || !host.isEmpty || userinfo != nil {
                if !host.isEmpty || !path.isEmpty || userinfo != nil { text += "//" }
                if let userinfo { text += userinfo + "@" }
                text += UTF8Bytes.repaired(Self.escape(Array(host.utf8), .host))
            }
            let escaped = UTF8Bytes.repaired(Self.escape(Array(path.utf8), .path))
            if !escaped.isEmpty, !escaped.hasPrefix("/"), !host.isEmpty { text += "/" }
            if text.isEmpty, escaped.prefix(while: { $0 != "/" }).contains(":") { text += "./" }
            text += escaped
        }
        if hasEmptyQuery || !query.isEmpty { text += "?" + query }
        if !fragment.isEmpty { text += "#" + UTF8Bytes.repaired(Self.escape(Array(fragment.utf8), .fragment)) }
        return text
    }

    private static func isUnreserved(_ byte: UInt8) -> Bool {
        (byte | 0x20 >= UInt8(ascii: "a") && byte | 0x20 <= UInt8(ascii: "z")) || (byte >= 0x30 && byte <= 0x39)
            || "-_.~".utf8.contains(byte)
    }

    static func escape(_ bytes: [UInt8], _ place: Place) -> [UInt8] {
        let plain: String =
            switch place {
            case .path: "$&+,/:;=@"
            case .user: "$&+,;="
            case .host: "!$&'()*+,;=:[]<>\""
            case .query: ""
            case .fragment: "$&+,/:;=?@!()*"
            }
        let digits = Array("0123456789ABCDEF".utf8)
        var result: [UInt8] = []
        for byte in bytes {
            if isUnreserved(byte) || plain.utf8.contains(byte) {
                result.append(byte)
            } else if byte == UInt8(ascii: " "), place == .query {
                result.append(UInt8(ascii: "+"))
            } else {
                result.append(contentsOf: [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]])
            }
        }
        return result
    }
}
