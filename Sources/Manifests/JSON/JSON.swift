// SPDX-License-Identifier: Apache-2.0

/// JSON (RFC 8259) to and from the document tree.
///
/// Stricter than most readers: duplicate keys, lone surrogates, invalid UTF-8 and anything after the value are errors. Integers
/// that fit 64 bits become `.int`, every other number `.decimal` with its digits as written.
package enum JSON {
    /// Reads one value.
    /// - Throws: codes `too-large`, `syntax`, `invalid-utf8`, `duplicate-key`, `too-deep`.
    package static func read(_ bytes: [UInt8], limits: Limits = .standard) throws(DocumentError) -> Value {
        try bytes.withUnsafeBufferPointer { (buffer) throws(DocumentError) -> Value in
            try read(buffer, limits: limits)
        }
    }

    /// Reads one value from memory that the caller keeps alive during the call.
    package static func read(_ buffer: UnsafeBufferPointer<UInt8>, limits: Limits = .standard) throws(DocumentError) -> Value {
        try limits.check(bytes: buffer.count)
        var reader = JSONReader(buffer, depthMax: limits.depthMax)
        return try reader.readDocument()
    }

    package static func read(_ text: String, limits: Limits = .standard) throws(DocumentError) -> Value {
        try read(Array(text.utf8), limits: limits)
    }

    /// The value's text, keys in the order given; `pretty` breaks lines and indents by two spaces.
    package static func write(_ value: Value, pretty: Bool = false) -> [UInt8] {
        var bytes: [UInt8] = []
        append(value, to: &bytes, pretty: pretty)
        return bytes
    }

    /// Writes at the end of `bytes`.
    package static func append(_ value: Value, to bytes: inout [UInt8], pretty: Bool = false) {
        var writer = JSONWriter(bytes: bytes)
        bytes = []  // so that the writer is the only owner
        if pretty { writer.writeIndented(value, level: 0) } else { writer.write(value) }
        bytes = writer.bytes
    }

    package static func text(_ value: Value, pretty: Bool = false) -> String {
        String(decoding: write(value, pretty: pretty), as: UTF8.self)
    }
}
