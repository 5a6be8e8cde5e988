// SPDX-License-Identifier: Apache-2.0
import CPostgres
import Glibc

extension Connection {
    /// Loads `rows` with `COPY … FROM STDIN` in its text form; gives the number of rows.
    func copy(_ statement: String, columns: Int, rows: some Sequence<[PostgresValue]>) throws(PostgresError) -> Int {
        try checkCaller()
        try leavePipeline()
        defer { stopping = nil }
        guard PQsendQuery(pointer, statement) == 1 else { throw lost() }
        try flush()
        guard let answer = try nextResult() else { throw lost() }
        guard PQresultStatus(answer) == PGRES_COPY_IN else {
            var error = error(in: answer)
            error.statement = statement
            PQclear(answer)
            while let extra = try nextResult() { PQclear(extra) }
            throw error
        }
        PQclear(answer)
        var refusal: PostgresError?
        do {
            try send(rows, columns: columns)
        } catch {
            // A broken connection has no end to wait for.
            guard failure == nil else { throw error }
            refusal = error
        }
        return try finishCopy(statement, refusal)
    }

    private func send(_ rows: some Sequence<[PostgresValue]>, columns: Int) throws(PostgresError) {
        var buffer: [UInt8] = []
        var cell: [UInt8] = []
        var number = 0
        for row in rows {
            number += 1
            guard row.count == columns else {
                throw PostgresError(.parameter, "row \(number) of a COPY has \(row.count) values instead of \(columns)")
            }
            for (index, value) in row.enumerated() {
                if index > 0 { buffer.append(UInt8(ascii: "\t")) }
                guard value != .null else {
                    buffer.append(contentsOf: #"\N"#.utf8)
                    continue
                }
                cell.removeAll(keepingCapacity: true)
                value.appendText(to: &cell)
                for byte in cell {
                    switch byte {
                    case UInt8(ascii: "\t"): buffer.append(contentsOf: #"\t"#.utf8)
                    case UInt8(ascii: "\n"): buffer.append(contentsOf: #"\n"#.utf8)
                    case UInt8(ascii: "\r"): buffer.append(contentsOf: #"\r"#.utf8)
                    case UInt8(ascii: "\\"): buffer.append(contentsOf: #"\\"#.utf8)
                    case 0: throw PostgresError(.parameter, "row \(number) of a COPY contains a NUL character")
                    default: buffer.append(byte)
                    }
                }
            }
            buffer.append(UInt8(ascii: "\n"))
            if buffer.count > 64 * 1024 { try put(&buffer) }
        }
        try put(&buffer)
    }

    private func put(_ buffer: inout [UInt8]) throws(PostgresError) {
        try checkCaller()
        while true {
            let code = buffer.withUnsafeBytes { raw in
                PQputCopyData(pointer, raw.baseAddress?.assumingMemoryBound(to: CChar.self), Int32(raw.count))
            }
            switch code {
            case 1:
                buffer.removeAll(keepingCapacity: true)
                return try flushCopy()
            case 0: try flushCopy()
            default: throw lost()
            }
        }
    }

    /// Like `flush`, but a cancellation ends it: `PQputCopyEnd` is what stops a COPY.
    private func flushCopy() throws(PostgresError) {
        while true {
            switch PQflush(pointer) {
            case 0: return
            case 1:
                try waitForSocket(Int16(POLLIN | POLLOUT))
                try consume()
            default: throw lost()
            }
        }
    }

    private func finishCopy(_ statement: String, _ refusal: PostgresError?) throws(PostgresError) -> Int {
        let caller = (interruption, deadline)
        defer { (interruption, deadline) = caller }
        if refusal != nil {
            // The wait for the server's answer must not end at the same wish again.
            interruption = nil
            deadline = ContinuousClock.now + .seconds(10)
        }
        while true {
            let code = PQputCopyEnd(pointer, refusal == nil ? nil : "stopped by the client")
            if code == 1 { break }
            guard code == 0 else { throw lost() }
            try flush()
        }
        try flush()
        var copied = 0
        var first: PostgresError?
        while let result = try nextResult() {
            if PQresultStatus(result) == PGRES_COMMAND_OK {
                copied = ResultHandle(owning: result).affected
            } else {
                var error = error(in: result)
                error.statement = statement
                first = first ?? error
                PQclear(result)
            }
        }
        if let failure { throw failure }
        if let refusal { throw refusal }
        if let first { throw first }
        return copied
    }
}
