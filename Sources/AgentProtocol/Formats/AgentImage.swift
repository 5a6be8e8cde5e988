// SPDX-License-Identifier: Apache-2.0

/// The name of an agent's container image, such as `registry.example/flotilla-agent:1.0` or `…@sha256:…`.
package enum AgentImage {
    /// No name is longer, in bytes.
    package static let bytesMax = 512

    /// Whether a text can be the name of an image: of the characters that names, tags and digests are made of, and nothing else.
    package static func isValid(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        guard let first = bytes.first, let last = bytes.last, bytes.count <= bytesMax, isAlphanumeric(first), isAlphanumeric(last) else {
            return false
        }
        let marks = Array("._-/:@".utf8)
        return bytes.allSatisfy { isAlphanumeric($0) || marks.contains($0) } && !text.contains("//")
    }

    /// The tag of an image's name; `nil` where it has none, or a digest only.
    package static func tag(of image: String) -> String? {
        let name = image.split(separator: "@", maxSplits: 1).first ?? ""
        let last = name.split(separator: "/").last ?? ""
        let parts = last.split(separator: ":", maxSplits: 1)
        return parts.count == 2 ? String(parts[1]) : nil
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
            || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
    }
}
