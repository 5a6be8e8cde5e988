// SPDX-License-Identifier: Apache-2.0

/// Cuts a stream of bytes into lines, without their line feeds. Empty lines are left out.
struct LineFramer {
    struct LineTooLong: Error, Equatable {}

    private let lineBytesMax: Int
    private var buffer: [UInt8] = []
    /// Where the next line starts, and how far it has been searched for its end.
    private var start = 0
    private var searched = 0

    init(lineBytesMax: Int) { self.lineBytesMax = lineBytesMax }

    mutating func append(_ bytes: [UInt8]) {
        if start == buffer.count {
            buffer = bytes
            start = 0
            searched = 0
        } else {
            buffer += bytes
        }
    }

    /// The next whole line, `nil` until more bytes have come.
    mutating func next() throws(LineTooLong) -> [UInt8]? {
        while let end = buffer[searched...].firstIndex(of: 10) {
            let line = buffer[start..<end]
            start = end + 1
            searched = start
            guard line.count <= lineBytesMax else { throw LineTooLong() }
            if !line.isEmpty { return Array(line) }
        }
        searched = buffer.count
        guard buffer.count - start <= lineBytesMax else { throw LineTooLong() }
        // What has been read is dropped here and not at each line, or long bursts would be moved again and again.
        if start > 0 {
            buffer = Array(buffer[start...])
            searched -= start
            start = 0
        }
        return nil
    }

    /// Whether bytes without a line end are left.
    var hasRest: Bool { start < buffer.count }
}
