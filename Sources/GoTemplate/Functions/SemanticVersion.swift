// SPDX-License-Identifier: Apache-2.0

/// A version as Helm's library reads it: `v` in front, missing parts and leading zeros are all right.
package struct SemanticVersion: Sendable, CustomStringConvertible {
    package let major: UInt64
    package let minor: UInt64
    package let patch: UInt64
    package let prerelease: String
    package let metadata: String
    package let original: String

    init(_ major: UInt64, _ minor: UInt64, _ patch: UInt64, prerelease: String = "", metadata: String = "", original: String = "") {
        self.major = major
        self.minor = minor
        self.patch = patch
        self.prerelease = prerelease
        self.metadata = metadata
        self.original = original
    }

    package init(_ text: String) throws(TemplateFailure) {
        var scanner = VersionScanner(Array(text.utf8))
        guard let parts = scanner.version(allowsWildcards: false), scanner.isAtEnd else {
            throw TemplateFailure("invalid semantic version")
        }
        func number(_ part: String?) throws(TemplateFailure) -> UInt64 {
            guard let part else { return 0 }
            guard let number = UInt64(part) else {
                throw TemplateFailure(
                    "error parsing version segment: strconv.ParseUint: parsing \(Quoting.quote(part)): value out of range")
            }
            return number
        }
        self.init(
            try number(parts.major), try number(parts.minor), try number(parts.patch), prerelease: parts.prerelease,
            metadata: parts.metadata, original: text)
        for part in prerelease.isEmpty ? [] : prerelease.split(separator: ".", omittingEmptySubsequences: false) {
            if part.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }), part.utf8.count > 1, part.hasPrefix("0") {
                throw TemplateFailure("version segment starts with 0")
            }
        }
    }

    package var description: String {
        "\(major).\(minor).\(patch)" + (prerelease.isEmpty ? "" : "-" + prerelease) + (metadata.isEmpty ? "" : "+" + metadata)
    }

    /// Negative, 0 or positive; metadata do not count.
    package func compare(_ other: SemanticVersion) -> Int {
        for (a, b) in [(major, other.major), (minor, other.minor), (patch, other.patch)] where a != b { return a < b ? -1 : 1 }
        return Self.comparePrereleases(prerelease, other.prerelease)
    }

    static func comparePrereleases(_ left: String, _ right: String) -> Int {
        if left == right { return 0 }
        // Without is after all with.
        if left.isEmpty { return 1 }
        if right.isEmpty { return -1 }
        let a = left.split(separator: ".", omittingEmptySubsequences: false)
        let b = right.split(separator: ".", omittingEmptySubsequences: false)
        for index in 0..<max(a.count, b.count) {
            guard index < a.count else { return -1 }
            guard index < b.count else { return 1 }
            if a[index] == b[index] { continue }
            switch (UInt64(a[index]), UInt64(b[index])) {
            case (let x?, let y?): if x != y { return x < y ? -1 : 1 }
            case (nil, .some): return 1
            case (.some, nil): return -1
            case (nil, nil): return a[index].utf8.lexicographicallyPrecedes(b[index].utf8) ? -1 : 1
            }
        }
        return 0
    }

    enum Part {
        case major, minor, patch
    }

    func next(_ part: Part) -> SemanticVersion {
        let (major, minor, patch) =
            switch part {
            case .major: (self.major &+ 1, UInt64(0), UInt64(0))
            case .minor: (self.major, self.minor &+ 1, UInt64(0))
            case .patch: (self.major, self.minor, prerelease.isEmpty ? self.patch &+ 1 : self.patch)
            }
        return SemanticVersion(
            major, minor, patch, original: (original.hasPrefix("v") ? "v" : "") + "\(major).\(minor).\(patch)")
    }
}

/// Reads versions and the operators of constraints.
struct VersionScanner {
    private let bytes: [UInt8]
    private(set) var index = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var isAtEnd: Bool { index == bytes.count }
    var next: UInt8? { index < bytes.count ? bytes[index] : nil }

    struct Parts {
        var major: String
        var minor: String?
        var patch: String?
        var prerelease = ""
        var metadata = ""
        /// As written.
        var text = ""
    }

    mutating func skip(_ byte: UInt8) -> Bool {
        guard next == byte else { return false }
        index += 1
        return true
    }

    mutating func skipSpace() -> Bool {
        let start = index
        while let byte = next, byte == 0x20 || (byte >= 0x09 && byte <= 0x0D && byte != 0x0B) { index += 1 }
        return index > start
    }

    mutating func back(to index: Int) { self.index = index }

    private mutating func run(_ isInside: (UInt8) -> Bool) -> String? {
        let start = index
        while let byte = next, isInside(byte) { index += 1 }
        return index > start ? String(decoding: bytes[start..<index], as: UTF8.self) : nil
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }

    private static func isIdentifier(_ byte: UInt8) -> Bool {
        isDigit(byte) || (byte | 0x20 >= UInt8(ascii: "a") && byte | 0x20 <= UInt8(ascii: "z")) || byte == UInt8(ascii: "-")
    }

    /// `nil`, with nothing read, where no version begins. With wildcards, `x`, `X` and `*` stand for parts.
    mutating func version(allowsWildcards: Bool) -> Parts? {
        let start = index
        let isPart: (UInt8) -> Bool = { byte in
            Self.isDigit(byte)
                || (allowsWildcards && (byte | 0x20 == UInt8(ascii: "x") || byte == UInt8(ascii: "*") || byte == UInt8(ascii: "|")))
        }
        _ = skip(UInt8(ascii: "v"))
        guard let major = run(isPart) else {
            index = start
            return nil
        }
        var parts = Parts(major: major)
        parts.minor = dotted(isPart)
        if parts.minor != nil { parts.patch = dotted(isPart) }
        if next == UInt8(ascii: "-") { parts.prerelease = identifiers() }
        if next == UInt8(ascii: "+") { parts.metadata = identifiers() }
        parts.text = String(decoding: bytes[start..<index], as: UTF8.self)
        return parts
    }

    private mutating func dotted(_ isPart: (UInt8) -> Bool) -> String? {
        let start = index
        guard skip(UInt8(ascii: ".")) else { return nil }
        if let part = run(isPart) { return part }
        index = start
        return nil
    }

    /// Behind the mark: names with points between them.
    private mutating func identifiers() -> String {
        let mark = index
        index += 1
        guard var text = run(Self.isIdentifier) else {
            index = mark
            return ""
        }
        while next == UInt8(ascii: ".") {
            let start = index
            index += 1
            guard let part = run(Self.isIdentifier) else {
                index = start
                break
            }
            text += "." + part
        }
        return text
    }
}
