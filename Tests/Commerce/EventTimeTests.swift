import Commerce
import Foundation
import Testing

@Suite struct EventTimeTests {
    @Test(arguments: [
        ("1970-01-01T00:00:00Z", 0), ("2026-11-01T12:00:00.123Z", 1_793_534_400_123), ("2026-11-01T14:00:00.123+02:00", 1_793_534_400_123),
        ("2026-11-01T06:30:00.123-05:30", 1_793_534_400_123), ("2026-11-01t12:00:00z", 1_793_534_400_000),
        ("2024-02-29T00:00:00Z", 1_709_164_800_000), ("2000-02-29T00:00:00Z", 951_782_400_000),
        ("1969-12-31T23:59:59.999Z", -1), ("0001-01-01T00:00:00Z", -62_135_596_800_000),
        ("9999-12-31T23:59:59.999999999Z", 253_402_300_799_999), ("0001-01-01T00:00:00+23:59", -62_135_683_140_000),
        ("2026-11-01T12:00:00.1Z", 1_793_534_400_100), ("2026-11-01T12:00:00.12Z", 1_793_534_400_120),
        ("2026-11-01T12:00:00.1239Z", 1_793_534_400_123), ("2026-11-01T12:00:00.123456789+00:00", 1_793_534_400_123),
    ] as [(String, Int64)])
    func reads(text: String, milliseconds: Int64) {
        #expect(EventTime(rfc3339: text.utf8)?.rawValue == milliseconds)
    }

    @Test(arguments: [
        "", "2026-11-01", "2026-11-01T12:00:00", "2026-11-01 12:00:00Z", "2026-11-01T12:00Z", "2026-11-01T24:00:00Z",
        "2026-11-01T12:60:00Z", "2026-11-01T12:00:60Z", "2016-12-31T23:59:60Z", "2026-11-31T12:00:00Z", "2025-02-29T00:00:00Z",
        "1900-02-29T00:00:00Z", "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z", "2026-01-00T00:00:00Z", "0000-01-01T00:00:00Z",
        "10000-01-01T00:00:00Z", "-2026-01-01T00:00:00Z", "+026-01-01T00:00:00Z", "2026-11-01T12:00:00.Z",
        "2026-11-01T12:00:00.1234567890Z", "2026-11-01T12:00:00+24:00", "2026-11-01T12:00:00+02:60", "2026-11-01T12:00:00+0200",
        "2026-11-01T12:00:00+2:00", "2026-11-01T12:00:00Z ", " 2026-11-01T12:00:00Z", "2026-11-01T12:00:00,5Z", "２026-11-01T12:00:00Z",
        "2026-11-01T12:00:00.123Z\u{0}", "1793534400123",
    ])
    func refuses(text: String) {
        #expect(EventTime(rfc3339: text.utf8) == nil)
    }

    /// Foundation's calendar is the independent reference: a day of every year, leap days among them.
    @Test func agreesWithFoundation() throws {
        let reference = ISO8601DateFormatter()
        reference.formatOptions = [.withInternetDateTime]
        for year in stride(from: 1583, through: 9999, by: 7) {  // Foundation turns Julian before 1583
            for date in ["02-28", "03-01", "12-31"] {
                let text = String(format: "%04d-%@T01:02:03Z", year, date)
                let expected = try #require(reference.date(from: text)).timeIntervalSince1970 * 1_000
                #expect(EventTime(rfc3339: text.utf8)?.rawValue == Int64(expected))
            }
        }
    }

    /// Every 13th day of the years 1 to 9999 is written as it reads.
    @Test func daysReadBack() {
        var expected: Int64 = -62_135_596_800_000 + 45_296_789
        var failures = 0
        while expected <= EventTime.latest.rawValue {
            let text = EventTime(milliseconds: expected).rfc3339
            if EventTime(rfc3339: text.utf8)?.rawValue != expected || !text.hasSuffix("T12:34:56.789Z") { failures += 1 }
            expected += 13 * 86_400_000
        }
        #expect(failures == 0)
        #expect(EventTime.latest.rfc3339 == "9999-12-31T23:59:59.999Z")
        #expect(EventTime.earliest.rfc3339 == "2000-01-01T00:00:00.000Z")
    }

    @Test func extremesAreDrawnIn() {
        #expect(EventTime(milliseconds: .max).rfc3339 == "9999-12-31T23:59:59.999Z")
        #expect(EventTime(milliseconds: .min).rfc3339 == "0001-01-01T00:00:00.000Z")
    }

    @Test func spacedForm() {
        #expect(EventTime(spaced: "2026-11-01 12:00:00".utf8)?.rawValue == 1_793_534_400_000)
        #expect(EventTime(spaced: "2026-11-01 12:00:00.5".utf8)?.rawValue == 1_793_534_400_500)
        for text in ["2026-11-01T12:00:00", "2026-11-01 12:00:00Z", "2026-11-01 12:00", ""] { #expect(EventTime(spaced: text.utf8) == nil) }
    }
}
