// SPDX-License-Identifier: Apache-2.0

/// Writes and reads ASN.1 in the distinguished encoding rules (X.690), as far as keys and certificates need it.
enum DER {
    static func element(_ tag: UInt8, _ content: [UInt8]) -> [UInt8] {
        var length: [UInt8] = []
        if content.count < 128 {
            length = [UInt8(content.count)]
        } else {
            var rest = content.count
            while rest > 0 {
                length.insert(UInt8(rest & 255), at: 0)
                rest >>= 8
            }
            length.insert(0x80 | UInt8(length.count), at: 0)
        }
        return [tag] + length + content
    }

    static func sequence(_ parts: [UInt8]...) -> [UInt8] { element(0x30, parts.flatMap { $0 }) }
    static func octets(_ bytes: [UInt8]) -> [UInt8] { element(0x04, bytes) }
    static func bits(_ bytes: [UInt8], unused: UInt8 = 0) -> [UInt8] { element(0x03, [unused] + bytes) }
    static let null: [UInt8] = [0x05, 0x00]

    /// An unsigned number, most significant byte first.
    static func integer(_ bytes: [UInt8]) -> [UInt8] {
        var bytes = Array(bytes.drop { $0 == 0 })
        if bytes.isEmpty { bytes = [0] }
        if bytes[0] & 0x80 != 0 { bytes.insert(0, at: 0) }
        return element(0x02, bytes)
    }

    static func identifier(_ arcs: UInt32...) -> [UInt8] {
        var content: [UInt8] = [UInt8(arcs[0] * 40 + arcs[1])]
        for arc in arcs.dropFirst(2) {
            var digits: [UInt8] = [UInt8(arc & 127)]
            var rest = arc >> 7
            while rest > 0 {
                digits.insert(UInt8(rest & 127) | 0x80, at: 0)
                rest >>= 7
            }
            content += digits
        }
        return element(0x06, content)
    }

    // MARK: Reading

    struct Element {
        let tag: UInt8
        let content: ArraySlice<UInt8>
        /// Tag, length and content.
        let all: ArraySlice<UInt8>

        /// The elements inside; `nil` where the content is malformed.
        var children: [Element]? {
            var rest = content
            var children: [Element] = []
            while !rest.isEmpty {
                guard let child = DER.read(&rest) else { return nil }
                children.append(child)
            }
            return children
        }
    }

    static func read(_ bytes: [UInt8]) -> Element? {
        var rest = bytes[...]
        guard let element = read(&rest), rest.isEmpty else { return nil }
        return element
    }

    private static func read(_ rest: inout ArraySlice<UInt8>) -> Element? {
        let begin = rest
        guard let tag = rest.popFirst(), let first = rest.popFirst() else { return nil }
        var length = Int(first)
        if first & 0x80 != 0 {
            let count = Int(first & 0x7F)
            guard count > 0, count <= 4, rest.count >= count else { return nil }
            length = rest.prefix(count).reduce(0) { $0 << 8 | Int($1) }
            rest = rest.dropFirst(count)
        }
        guard rest.count >= length else { return nil }
        let content = rest.prefix(length)
        rest = rest.dropFirst(length)
        return Element(tag: tag, content: content, all: begin[begin.startIndex..<rest.startIndex])
    }
}

/// Texts that hold DER in base 64 (RFC 7468).
enum PEM {
    static func text(_ type: String, _ der: [UInt8]) -> String {
        let base64 = Base64.encode(der)
        var text = "-----BEGIN \(type)-----\n"
        for start in stride(from: 0, to: base64.count, by: 64) {
            text += String(decoding: base64[start..<min(start + 64, base64.count)], as: UTF8.self) + "\n"
        }
        return text + "-----END \(type)-----\n"
    }

    /// The first block; `nil` where there is none.
    static func first(_ text: String) -> (type: String, der: [UInt8])? {
        guard let begin = text.firstRange(of: "-----BEGIN ") else { return nil }
        let rest = text[begin.upperBound...]
        guard let endOfType = rest.firstRange(of: "-----") else { return nil }
        let type = String(rest[..<endOfType.lowerBound])
        let body = rest[endOfType.upperBound...]
        guard let end = body.firstRange(of: "-----END \(type)-----") else { return nil }
        let base64 = body[..<end.lowerBound].utf8.filter { !Lexer.isSpace($0) }
        do throws(TemplateFailure) { return (type, try Base64.decode(Array(base64))) } catch { return nil }
    }
}
