// SPDX-License-Identifier: Apache-2.0
import Crypto
import Manifests

/// Finds known plaintexts in texts, without holding any: by codes of what they begin with and of the whole.
struct SecretIndex: Sendable {
    private struct Entry: Sendable {
        var length: Int
        /// Of the whole form.
        var code: Manifests.Digest
        /// Of its first bytes, for a text that was cut; `nil` where it is too short for that.
        var start: Manifests.Digest?
        /// What it is replaced by.
        var shown: String
        var isEncoded: Bool
    }

    /// By a hash of the first bytes, at most eight.
    private var entries: [Int: [Entry]] = [:]
    /// The raw plaintexts in it.
    private var known: Set<Manifests.Digest> = []
    /// How many first bytes there are hashes of: bit *n* for *n* bytes.
    private var sizes: UInt16 = 0
    private var count = 0
    private let key: SymmetricKey

    /// 4 MiB or so.
    private static let countFull = 30_000
    private static let window = 8
    /// Of a text that was cut, this much of a plaintext must be left to be told.
    private static let startMin = 16
    /// Shorter ones are hidden only where they stand alone.
    static let freeMin = 6

    init(key: SymmetricKey) { self.key = key }

    var isEmpty: Bool { count == 0 }

    /// Whether it is time for a new one.
    var isFull: Bool { count >= Self.countFull }

    /// Takes a plaintext in, in all its forms.
    mutating func insert(_ plaintext: [UInt8], shown: @autoclosure () -> String) {
        guard !plaintext.isEmpty, known.insert(code(plaintext[...])).inserted else { return }
        let shown = shown()
        for form in SecretForms.of(plaintext) where !form.bytes.isEmpty {
            let size = min(form.bytes.count, Self.window)
            let start = form.bytes.count > Self.startMin ? code(form.bytes[..<Self.startMin]) : nil
            entries[Self.hash(Self.word(form.bytes, 0, size), size), default: []].append(
                Entry(length: form.bytes.count, code: code(form.bytes[...]), start: start, shown: shown, isEncoded: form.isEncoded))
            sizes |= 1 << UInt16(size)
            count += 1
        }
    }

    struct Hit {
        var length: Int
        var shown: String
    }

    /// The longest known form that begins at an index.
    func hit(in bytes: [UInt8], at index: Int, isCut: Bool) -> Hit? {
        var best: Hit?
        for size in 1...Self.window where sizes & 1 << UInt16(size) != 0 && index + size <= bytes.count {
            for entry in entries[Self.hash(Self.word(bytes, index, size), size)] ?? [] {
                let end = index + entry.length
                if end > bytes.count {
                    if isCut, index + Self.startMin <= bytes.count, let start = entry.start, best == nil,
                        code(bytes[index..<index + Self.startMin]) == start
                    {
                        best = Hit(length: bytes.count - index, shown: entry.shown)
                    }
                    continue
                }
                guard entry.length > best?.length ?? 0, entry.length >= Self.freeMin || Self.standsAlone(bytes, index, end),
                    code(bytes[index..<end]) == entry.code
                else { continue }
                var length = entry.length
                if entry.isEncoded {
                    while length < entry.length + 3, index + length < bytes.count, Self.isBase64(bytes[index + length]) { length += 1 }
                }
                best = Hit(length: length, shown: entry.shown)
            }
        }
        return best
    }

    private func code(_ bytes: ArraySlice<UInt8>) -> Manifests.Digest {
        Manifests.Digest(bytes: Array(HMAC<SHA256>.authenticationCode(for: bytes, using: key))) ?? .sha256(bytes)
    }

    private static func word(_ bytes: [UInt8], _ index: Int, _ size: Int) -> UInt64 {
        var word: UInt64 = 0
        for offset in 0..<size { word = word << 8 | UInt64(bytes[index + offset]) }
        return word
    }

    /// Seeded anew by every process.
    private static func hash(_ word: UInt64, _ size: Int) -> Int {
        var hasher = Hasher()
        hasher.combine(word)
        hasher.combine(size)
        return hasher.finalize()
    }

    private static func standsAlone(_ bytes: [UInt8], _ start: Int, _ end: Int) -> Bool {
        (start == 0 || !isWord(bytes[start - 1])) && (end == bytes.count || !isWord(bytes[end]))
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte) || byte >= 128
    }

    private static func isBase64(_ byte: UInt8) -> Bool {
        (byte < 128 && isWord(byte)) || byte == UInt8(ascii: "+") || byte == UInt8(ascii: "/") || byte == UInt8(ascii: "=")
    }
}
