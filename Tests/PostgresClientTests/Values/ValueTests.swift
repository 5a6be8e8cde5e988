// SPDX-License-Identifier: Apache-2.0
import PostgresClient
import Testing

@Suite("Values") struct ValueTests {
    @Test("every type comes back as it was sent") func roundTrip() async throws {
        try await withDatabase { database in
            let bytes = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
            try await database.transaction { session in
                try session.script(
                    """
                    create table everything (t text, i bigint, d double precision, b boolean, y bytea, m timestamptz, j jsonb,
                        ta text[], ia bigint[], ya bytea[], ba boolean[], da double precision[], ma timestamptz[], n text)
                    """)
                let inserted = try session.execute(
                    "insert into everything values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
                    [
                        .text("a\tb\n\"ü\"\\ 🚢"), .int(Int64.min), .double(0.1), .bool(true), .bytes(bytes),
                        .timestamp(milliseconds: 1_700_000_000_123),
                        .json(#"{"a": [1, "x"]}"#), .textArray(["", "NULL", nil, "a,b", "{\"\\}", " x "]), .intArray([1, nil, -5]),
                        .bytesArray([[0, 255], nil, []]), .boolArray([true, nil, false]), .doubleArray([1.5, .infinity]),
                        .timestampArray([0, nil]),
                        .null,
                    ])
                #expect(inserted == 1)
                let rows = try session.query("select * from everything")
                #expect(rows.count == 1)
                let row = rows[0]
                #expect(try row.text("t") == "a\tb\n\"ü\"\\ 🚢")
                #expect(try row.int64("i") == .min)
                #expect(try row.double("d") == 0.1)
                #expect(try row.bool("b"))
                #expect(try row.bytes("y") == bytes)
                #expect(try row.timestampMilliseconds("m") == 1_700_000_000_123)
                #expect(try row.text("j") == #"{"a": [1, "x"]}"#)
                #expect(try row.textArray("ta") == ["", "NULL", nil, "a,b", "{\"\\}", " x "])
                #expect(try row.intArray("ia") == [1, nil, -5])
                #expect(try row.bytesArray("ya") == [[0, 255], nil, []])
                #expect(try row.boolArray("ba") == [true, nil, false])
                #expect(try row.textArray("da") == ["1.5", "Infinity"])
                #expect(try row.optionalText("n") == nil)
                #expect(try row.isNull("n") && !row.isNull("t"))
                let empty = try session.query("select $1::text[] as t, $2::bytea[] as y", [.textArray([]), .bytesArray([])])
                #expect(try empty[0].textArray("t").isEmpty && empty[0].bytesArray("y").isEmpty)
            }
        }
    }

    @Test(
        "moments agree with the server, before 1970 and before year 1 too",
        arguments: [
            0, 1, -1, 951_782_400_000, 951_868_799_999, -2_208_988_800_001, 4_102_444_800_000, -62_135_596_800_001, -70_000_000_000_000,
            253_402_300_800_000,
        ])
    func moments(milliseconds: Int64) async throws {
        try await withDatabase(connections: 1) { database in
            let row = try await database.read { session in
                try session.query(
                    "select $1::timestamptz as m, (extract(epoch from $1::timestamptz) * 1000)::bigint as e",
                    [.timestamp(milliseconds: milliseconds)])[0]
            }
            #expect(try row.int64("e") == milliseconds)
            #expect(try row.timestampMilliseconds("m") == milliseconds)
        }
    }

    @Test("other zones and dates are understood, infinity is not") func zones() async throws {
        try await withDatabase(connections: 1) { database in
            let row = try await database.transaction { session in
                try session.script("set local timezone = 'Asia/Kolkata'")
                return try session.query(
                    "select timestamptz '2026-05-04 10:11:12.345678+00' as m, date '1970-01-02' as d, timestamptz 'infinity' as i")[0]
            }
            #expect(try row.text("m").hasSuffix("+05:30"))
            #expect(try row.timestampMilliseconds("m") == 1_777_889_472_345)
            #expect(try row.timestampMilliseconds("d") == 86_400_000)
            #expect { try row.timestampMilliseconds("i") } throws: { isPostgresError($0, .column) }
        }
    }

    @Test("a wrong column, type or null is a readable error") func columns() async throws {
        try await withDatabase(connections: 1) { database in
            let row = try await database.read { try $0.query("select 'x' as name, null as nothing")[0] }
            #expect { try row.text("nmae") } throws: { "\($0)" == "column 'nmae' is not in the result (it has name, nothing)" }
            #expect { try row.int("name") } throws: { "\($0)" == "column 'name' is not a whole number" }
            #expect { try row.text("nothing") } throws: { "\($0)" == "column 'nothing' is null" }
            #expect { try row.bytes("name") } throws: { isPostgresError($0, .column) }
            #expect { try row.intArray("name") } throws: { isPostgresError($0, .column) }
        }
    }

    @Test("a NUL character is refused before anything is sent") func nul() async throws {
        try await withDatabase(connections: 1) { database in
            try await database.transaction { session in
                #expect { try session.query("select $1::text, $2::text", ["a", "b\0c"]) } throws: { error in
                    "\(error)".hasPrefix("parameter $2 contains a NUL character")
                }
                let rows = try session.query("select $1::text as t", ["fine"])
                #expect(try rows[0].text("t") == "fine")
            }
        }
    }
}
