// SPDX-License-Identifier: Apache-2.0

/// PostgreSQL's text of one-dimensional arrays: `{a,"b c",NULL}` (manual, 8.15.6).
enum ArrayText {
    /// The elements' own texts; `nil` when `text` is no one-dimensional array.
    static func elements(_ text: UnsafeBufferPointer<UInt8>) -> [[UInt8]?]? {
        let (open, close, comma) = (UInt8(ascii: "{"), UInt8(ascii: "}"), UInt8(ascii: ","))
        let (quote, escape) = (UInt8(ascii: "\""), UInt8(ascii: "\\"))
        guard text.count >= 2, text[0] == open, text[text.count - 1] == close else { return nil }
        let end = text.count - 1
        var elements: [[UInt8]?] = []
        var position = 1
        while position < end {
            var element: [UInt8] = []
            let quoted = text[position] == quote
            if quoted { position += 1 }
            while position < end, quoted ? text[position] != quote : text[position] != comma {
                if text[position] == escape { position += 1 }
                guard position < end, quoted || text[position] != open else { return nil }
                element.append(text[position])
                position += 1
            }
            if quoted {
                guard position < end else { return nil }
                position += 1
            }
            elements.append(!quoted && element.elementsEqual("NULL".utf8) ? nil : element)
            guard position < end else { break }
            guard text[position] == comma, position + 1 < end else { return nil }
            position += 1
        }
        return elements
    }
}
