// SPDX-License-Identifier: Apache-2.0

/// A statement's parameters as libpq wants them: one buffer, pointers into it, lengths and formats.
struct Parameters {
    /// The protocol counts parameters with 16 bits.
    private static let countMax = 65_535

    private var bytes: [UInt8] = []
    /// Where each parameter begins; -1 is null.
    private var offsets: [Int] = []
    private var lengths: [Int32] = []
    private var formats: [Int32] = []

    init(_ values: [PostgresValue]) throws(PostgresError) {
        guard values.count <= Self.countMax else {
            throw PostgresError(.parameter, "a statement takes at most \(Self.countMax) parameters, not \(values.count)")
        }
        offsets.reserveCapacity(values.count)
        for (index, value) in values.enumerated() {
            let start = bytes.count
            var binary = false
            switch value {
            case .null: break
            case .bytes(let data):
                binary = true
                bytes.append(contentsOf: data)
            case .bytesArray(let array):
                binary = true
                bytes.append(contentsOf: PostgresValue.binary(array))
            default: value.appendText(to: &bytes)
            }
            // libpq takes text up to its first NUL: it would be cut silently.
            if !binary, bytes[start...].contains(0) {
                throw PostgresError(.parameter, "parameter $\(index + 1) contains a NUL character, which PostgreSQL text cannot hold")
            }
            guard let length = Int32(exactly: bytes.count - start), length < 1 << 30 else {
                throw PostgresError(.parameter, "parameter $\(index + 1) is larger than PostgreSQL's limit of 1 GiB")
            }
            offsets.append(value == .null ? -1 : start)
            lengths.append(length)
            formats.append(binary ? 1 : 0)
            bytes.append(0)
        }
    }

    /// Calls `body` with what `PQsendQueryPrepared` takes: count, values, lengths, formats.
    func withPointers<T>(
        _ body: (Int32, UnsafePointer<UnsafePointer<CChar>?>?, UnsafePointer<Int32>?, UnsafePointer<Int32>?) -> T
    ) -> T {
        bytes.withUnsafeBytes { raw in
            let base = raw.baseAddress?.assumingMemoryBound(to: CChar.self)
            let values = offsets.map { offset in offset < 0 ? nil : base.map { $0 + offset } }
            return values.withUnsafeBufferPointer { values in
                lengths.withUnsafeBufferPointer { lengths in
                    formats.withUnsafeBufferPointer { formats in
                        body(Int32(offsets.count), values.baseAddress, lengths.baseAddress, formats.baseAddress)
                    }
                }
            }
        }
    }
}
