// SPDX-License-Identifier: Apache-2.0
import CPostgres

/// The rows of one statement's result; they stay valid after the session has ended.
package struct Rows: RandomAccessCollection, Sendable {
    let result: ResultHandle

    package var startIndex: Int { 0 }
    package var endIndex: Int { result.count }
    package subscript(position: Int) -> Row { Row(result: result, index: position) }

    /// The names of the columns, in order.
    package var columns: [String] { result.columns }
    /// How many rows an `insert`, `update`, `delete` or `merge` changed, or a `select` returned.
    package var affected: Int { result.affected }
}

/// Owns one `PGresult` and frees it exactly once.
///
/// `@unchecked Sendable`: libpq's results are read-only once made and may be used from any thread (PostgreSQL manual, 34.20).
final class ResultHandle: @unchecked Sendable {
    private let pointer: OpaquePointer
    let count: Int
    let columns: [String]

    init(owning pointer: OpaquePointer) {
        self.pointer = pointer
        count = Int(PQntuples(pointer))
        columns =
            count == 0
            ? [] : (0..<PQnfields(pointer)).map { PQfname(pointer, $0).map { name in String(cString: name) } ?? "" }
    }

    deinit { PQclear(pointer) }

    var affected: Int { PQcmdTuples(pointer).flatMap { Int(String(cString: $0)) } ?? 0 }
    var command: String { PQcmdStatus(pointer).map { String(cString: $0) } ?? "" }

    /// Calls `body` with a cell's text; `nil` is SQL's null.
    func withCell<T>(row: Int, column: Int, _ body: (UnsafeBufferPointer<UInt8>) throws(PostgresError) -> T) throws(PostgresError) -> T? {
        precondition(row >= 0 && row < count, "row \(row) of a result with \(count) rows")
        let (row, column) = (Int32(row), Int32(column))
        guard PQgetisnull(pointer, row, column) == 0, let cell = PQgetvalue(pointer, row, column) else { return nil }
        let length = Int(PQgetlength(pointer, row, column))
        return try body(UnsafeBufferPointer(start: UnsafeRawPointer(cell).assumingMemoryBound(to: UInt8.self), count: length))
    }
}
