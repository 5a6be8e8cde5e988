// SPDX-License-Identifier: Apache-2.0
import CZlib

/// Owns one `z_stream`, at an address that never changes (zlib keeps a pointer back to it).
struct ZlibStream: ~Copyable {
    enum Direction { case deflate, inflate }

    private let direction: Direction
    private let stream: UnsafeMutablePointer<z_stream>

    init(_ direction: Direction) throws(GzipError) {
        self.direction = direction
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        let size = Int32(MemoryLayout<z_stream>.size)
        // 15 bits of window; 16 more mean "gzip" instead of "zlib".
        let code =
            switch direction {
            case .deflate: deflateInit2_(stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, size)
            case .inflate: inflateInit2_(stream, 15 + 16, ZLIB_VERSION, size)
            }
        guard code == Z_OK else { throw GzipError.failed(message(code)) }
    }

    deinit {
        switch direction {
        case .deflate: deflateEnd(stream)
        case .inflate: inflateEnd(stream)
        }
        stream.deallocate()
    }

    borrowing func compress(_ bytes: [UInt8]) throws(GzipError) -> [UInt8] {
        var input = Input(bytes)
        var output: [UInt8] = []
        output.reserveCapacity(64 + bytes.count / 3)
        while true {
            let (code, produced) = step(&input, room: chunk) { isLast in deflate(stream, isLast ? Z_FINISH : Z_NO_FLUSH) }
            output += produced
            if code == Z_STREAM_END { return output }
            guard code == Z_OK || code == Z_BUF_ERROR else { throw GzipError.failed(message(code)) }
        }
    }

    borrowing func decompress(_ bytes: [UInt8], limit: Int) throws(GzipError) -> [UInt8] {
        var input = Input(bytes)
        var output: [UInt8] = []
        output.reserveCapacity(min(limit, bytes.count * 4))
        while true {
            // One byte beyond the limit tells "exactly full" from "too large".
            let (code, produced) = step(&input, room: min(chunk, limit - output.count + 1)) { _ in inflate(stream, Z_NO_FLUSH) }
            output += produced
            guard output.count <= limit else { throw GzipError.tooLarge(limit: limit) }
            switch code {
            case Z_STREAM_END:
                if input.isAtEnd { return output }
                inflateReset(stream)
            case Z_OK where input.isAtEnd && produced.isEmpty, Z_BUF_ERROR where input.isAtEnd:
                throw GzipError.truncated
            case Z_OK, Z_BUF_ERROR:
                break
            case Z_DATA_ERROR, Z_NEED_DICT:
                throw GzipError.corrupt(message(code))
            default:
                throw GzipError.failed(message(code))
            }
        }
    }

    /// Runs `body` with the next part of the input and `room` bytes for output; gives its code and what came out.
    private borrowing func step(_ input: inout Input, room: Int, _ body: (_ isLast: Bool) -> Int32) -> (Int32, [UInt8]) {
        var code = Z_OK
        let offered = min(input.bytes.count - input.position, chunk)
        var consumed = 0
        let position = input.position
        let isLast = input.isAtEnd(after: offered)
        let output = [UInt8](unsafeUninitializedCapacity: room) { target, count in
            input.bytes.withUnsafeBufferPointer { source in
                // zlib reads only; its header lacks the `const`.
                stream.pointee.next_in = UnsafeMutablePointer(mutating: source.baseAddress.map { $0 + position })
                stream.pointee.avail_in = UInt32(offered)
                stream.pointee.next_out = target.baseAddress
                stream.pointee.avail_out = UInt32(room)
                code = body(isLast)
                consumed = offered - Int(stream.pointee.avail_in)
                count = room - Int(stream.pointee.avail_out)
            }
        }
        input.position += consumed
        return (code, output)
    }

    private borrowing func message(_ code: Int32) -> String {
        stream.pointee.msg.map { String(cString: $0) } ?? String(cString: zError(code))
    }

    private var chunk: Int { 256 * 1024 }
}

/// The bytes to read and how far they have been read.
private struct Input {
    let bytes: [UInt8]
    var position = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var isAtEnd: Bool { position == bytes.count }
    func isAtEnd(after count: Int) -> Bool { position + count == bytes.count }
}
