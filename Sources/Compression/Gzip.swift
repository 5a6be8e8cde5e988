// SPDX-License-Identifier: Apache-2.0
import CZlib

/// The gzip format (RFC 1952) of whole byte arrays.
package enum Gzip {
    /// Compresses `bytes` into one gzip member without name or time, so that equal input gives equal output.
    /// - Throws: `GzipError.failed` when zlib has no memory.
    package static func compress(_ bytes: [UInt8]) throws(GzipError) -> [UInt8] {
        let stream = try ZlibStream(.deflate)
        return try stream.compress(bytes)
    }

    /// Decompresses all members of `bytes`; memory never grows much beyond `limit`, whatever the input claims.
    /// - Parameter limit: the most bytes that may come out.
    /// - Throws: `GzipError.tooLarge`, `.truncated`, `.corrupt` (also when something else follows the last member).
    package static func decompress(_ bytes: [UInt8], limit: Int) throws(GzipError) -> [UInt8] {
        let stream = try ZlibStream(.inflate)
        return try stream.decompress(bytes, limit: max(0, limit))
    }
}

/// Why bytes could not be compressed or decompressed.
package enum GzipError: Error, Equatable, CustomStringConvertible {
    /// More bytes would come out than the caller allows.
    case tooLarge(limit: Int)
    /// The data ends before its last member does.
    case truncated
    /// The data is no gzip, or was damaged.
    case corrupt(String)
    /// zlib itself failed.
    case failed(String)

    package var description: String {
        switch self {
        case .tooLarge(let limit): "the compressed data expands to more than \(limit) bytes"
        case .truncated: "the compressed data ends too early"
        case .corrupt(let reason): "the data is not valid gzip: \(reason)"
        case .failed(let reason): "zlib failed: \(reason)"
        }
    }
}
