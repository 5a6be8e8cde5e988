// SPDX-License-Identifier: Apache-2.0

/// The textual header of an age file (age-encryption.org/v1, "Header"), which carries the file key for each recipient.
struct AgeHeader {
    struct Stanza {
        /// At least one: the kind.
        var arguments: [String]
        var body: [UInt8]

        var kind: String { arguments.first ?? "" }
    }

    static let version = "age-encryption.org/v1"

    private(set) var stanzas: [Stanza]
    /// 32 bytes.
    private(set) var mac: [UInt8]
    /// What the MAC is taken of: the beginning of the file up to and including `---`.
    private(set) var signedCount: Int
    /// Where the payload begins.
    private(set) var count: Int

    private static let stanzasMax = 64
    private static let lineMax = 8_192
    private static let bodyMax = 16_384

    init(parsing file: [UInt8]) throws(SecretsError) {
        stanzas = []
        mac = []
        signedCount = 0
        count = 0
        var lines = Lines(file)
        let first = try lines.next()
        guard first.elementsEqual(Self.version.utf8) else {
            if first.starts(with: "age-encryption.org/".utf8) {
                throw SecretsError(
                    .unsupported, "an age file of the format '\(SecretsError.shown(first.text))'; only '\(Self.version)' is supported")
            }
            throw Self.malformed("it does not begin with '\(Self.version)'")
        }
        while true {
            let start = lines.position
            let line = try lines.next()
            if line.starts(with: "---".utf8) {
                guard line.starts(with: "--- ".utf8), let sum = Base64.decode(line.dropFirst(4), padded: false), sum.count == 32 else {
                    throw Self.malformed("its header does not end with a code of 32 bytes")
                }
                guard !stanzas.isEmpty else { throw Self.malformed("its header has no stanza") }
                mac = sum
                signedCount = start + 3
                count = lines.position
                return
            }
            guard stanzas.count < Self.stanzasMax else {
                throw SecretsError(.tooLarge, "an age file with more than \(Self.stanzasMax) stanzas")
            }
            stanzas.append(Stanza(arguments: try Self.arguments(line), body: try Self.body(&lines)))
        }
    }

    private static func arguments(_ line: ArraySlice<UInt8>) throws(SecretsError) -> [String] {
        guard line.starts(with: "-> ".utf8) else { throw malformed("a line of its header begins with neither '->' nor '---'") }
        let arguments = line.dropFirst(3).split(separator: 0x20, omittingEmptySubsequences: false)
        guard arguments.allSatisfy({ !$0.isEmpty && $0.allSatisfy { (0x21...0x7E).contains($0) } }) else {
            throw malformed("a stanza has an empty or unprintable argument")
        }
        return arguments.map(\.text)
    }

    /// Lines of 64 columns and a last one that is shorter, perhaps empty.
    private static func body(_ lines: inout Lines) throws(SecretsError) -> [UInt8] {
        var text: [UInt8] = []
        while true {
            let line = try lines.next()
            text.append(contentsOf: line)
            guard line.count <= 64, text.count <= bodyMax else { throw malformed("a stanza's body is too long") }
            if line.count < 64 { break }
        }
        guard let body = Base64.decode(text, padded: false) else { throw malformed("a stanza's body is not in canonical base64") }
        return body
    }

    static func malformed(_ what: String) -> SecretsError { SecretsError(.malformedFile, "no valid age file: \(what)") }

    /// Lines that end in a line feed.
    private struct Lines {
        let bytes: [UInt8]
        var position = 0

        init(_ bytes: [UInt8]) { self.bytes = bytes }

        mutating func next() throws(SecretsError) -> ArraySlice<UInt8> {
            let rest = bytes[position...].prefix(AgeHeader.lineMax)
            guard let end = rest.firstIndex(of: UInt8(ascii: "\n")) else {
                throw AgeHeader.malformed(
                    rest.endIndex == bytes.endIndex ? "it ends within its header" : "a line of its header is too long")
            }
            defer { position = end + 1 }
            return bytes[position..<end]
        }
    }
}

extension AgeHeader {
    /// The text of a header with these stanzas, up to and including `---`: what the MAC is taken of.
    static func signedText(_ stanzas: [Stanza]) -> String {
        var text = version + "\n"
        for stanza in stanzas {
            text += "-> \(stanza.arguments.joined(separator: " "))\n"
            let body = Array(Base64.encode(stanza.body, padded: false).utf8)
            var start = 0
            while true {
                let line = body[start..<min(start + 64, body.count)]
                text += line.text + "\n"
                if line.count < 64 { break }
                start += 64
            }
        }
        return text + "---"
    }
}

extension Collection<UInt8> {
    var text: String { String(decoding: self, as: UTF8.self) }
}
