// SPDX-License-Identifier: Apache-2.0
import Manifests
import Testing

@Suite("Timestamp") struct TimestampTests {
    @Test(
        "RFC 3339 reads and writes the same instant",
        arguments: [
            ("1970-01-01T00:00:00Z", 0), ("2026-05-04T10:11:12Z", 1_777_889_472_000), ("1969-12-31T23:59:59.5Z", -500),
            ("2000-02-29T23:59:59.001Z", 951_868_799_001), ("2026-05-04T12:11:12+02:00", 1_777_889_472_000),
        ])
    func reads(_ text: String, _ milliseconds: Int64) throws {
        let time = try #require(Timestamp(rfc3339: text))
        #expect(time.milliseconds == milliseconds)
        #expect(Timestamp(rfc3339: time.rfc3339) == time)
    }

    @Test(
        "what is no time is refused",
        arguments: [
            "", "2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z", "2026-01-01T00:00:00", "2026-01-01T00:00:00Zx", "2026-01-01T25:00:00Z",
        ])
    func refuses(_ text: String) { #expect(Timestamp(rfc3339: text) == nil) }
}
