// SPDX-License-Identifier: Apache-2.0

/// An image's name, tag and digest. A colon before the first slash is a registry's port.
struct ImageReference: Sendable, Hashable, CustomStringConvertible {
    var name: String
    var tag = ""
    var digest = ""

    /// Splits as kustomize does (`api/internal/image`): what comes first behind the first slash, `@` or `:`, decides.
    init(_ text: String) {
        let bytes = text.utf8
        let slash = bytes.firstIndex(of: UInt8(ascii: "/")) ?? bytes.startIndex
        let at = bytes[slash...].firstIndex(of: UInt8(ascii: "@"))
        let colon = bytes[slash...].firstIndex(of: UInt8(ascii: ":"))
        func part(_ range: some RangeExpression<String.Index>) -> String { String(text[range]) }
        switch (colon, at) {
        case (nil, nil): name = text
        case (let colon?, let at?) where colon < at:
            name = part(..<colon)
            tag = part(bytes.index(after: colon)..<at)
            digest = part(bytes.index(after: at)...)
        case (_, let at?):
            name = part(..<at)
            digest = part(bytes.index(after: at)...)
        case (let colon?, nil):
            name = part(..<colon)
            tag = part(bytes.index(after: colon)...)
        }
    }

    var description: String { name + (tag.isEmpty ? "" : ":\(tag)") + (digest.isEmpty ? "" : "@\(digest)") }
}
