/// A point in event time: milliseconds since 1970-01-01T00:00:00Z, leap seconds not counted.
public struct EventTime: RawRepresentable, Codable, Hashable, Comparable, Sendable {
    public let rawValue: Int64

    public init(rawValue: Int64) { self.rawValue = rawValue }

    public init(milliseconds: Int64) { self.rawValue = milliseconds }

    public static func < (left: EventTime, right: EventTime) -> Bool { left.rawValue < right.rawValue }

    /// The earliest time an event may bear, 2000-01-01T00:00:00Z: what lies before is a clock that was never set, or seconds
    /// where milliseconds belong.
    public static let earliest = EventTime(milliseconds: 946_684_800_000)

    /// 9999-12-31T23:59:59.999Z, the last time that RFC 3339 can write.
    public static let latest = EventTime(milliseconds: 253_402_300_799_999)

    /// The time as RFC 3339 with milliseconds in UTC: `2026-11-01T12:00:00.123Z`.
    ///
    /// Times outside the years 1 to 9999 are drawn to the nearest that can be written.
    public var rfc3339: String {
        let clamped = min(max(rawValue, CivilTime.earliestMilliseconds), EventTime.latest.rawValue)
        let days = clamped.flooredQuotient(by: 86_400_000)
        let rest = clamped - days * 86_400_000
        let (year, month, day) = CivilTime.date(ofDay: days)
        return String(unsafeUninitializedCapacity: 24) { text in
            func put(_ value: Int64, _ width: Int, at start: Int) {
                var value = value
                for index in stride(from: start + width - 1, through: start, by: -1) {
                    text[index] = UInt8(ascii: "0") + UInt8(value % 10)
                    value /= 10
                }
            }
            put(year, 4, at: 0)
            text[4] = UInt8(ascii: "-")
            put(month, 2, at: 5)
            text[7] = UInt8(ascii: "-")
            put(day, 2, at: 8)
            text[10] = UInt8(ascii: "T")
            put(rest / 3_600_000, 2, at: 11)
            text[13] = UInt8(ascii: ":")
            put(rest / 60_000 % 60, 2, at: 14)
            text[16] = UInt8(ascii: ":")
            put(rest / 1_000 % 60, 2, at: 17)
            text[19] = UInt8(ascii: ".")
            put(rest % 1_000, 3, at: 20)
            text[23] = UInt8(ascii: "Z")
            return 24
        }
    }

    /// Reads RFC 3339 (`2026-11-01T14:00:00.123+02:00`), strictly: `T` (or `t`) between date and time, an offset or `Z`, 1 to 9 digits of
    /// fraction (cut to milliseconds), a day that exists, the years 1 to 9999. A leap second (`:60`) is refused: milliseconds
    /// since 1970 have no place for it. Nil where the text is anything else.
    public init?(rfc3339 text: some Collection<UInt8>) {
        guard text.count >= 20, text.count <= 35 else { return nil }
        var scanner = CivilTime.Scanner(text)
        guard let (year, month, day) = scanner.date(), scanner.either("T", "t"), let clock = scanner.clock(),
            let fraction = scanner.fraction(), let offset = scanner.offset(), scanner.isAtEnd
        else { return nil }
        self.rawValue =
            CivilTime.day(year: year, month: month, day: day) * 86_400_000 + clock * 1_000 + fraction - offset * 60_000
    }

    /// Reads `2026-11-01 12:00:00`, taken as UTC, with the same strictness. Nil where the text is anything else.
    public init?(spaced text: some Collection<UInt8>) {
        var scanner = CivilTime.Scanner(text)
        guard let (year, month, day) = scanner.date(), scanner.either(" ", " "), let clock = scanner.clock(),
            let fraction = scanner.fraction(), scanner.isAtEnd
        else { return nil }
        self.rawValue = CivilTime.day(year: year, month: month, day: day) * 86_400_000 + clock * 1_000 + fraction
    }
}

extension Int64 {
    /// The quotient rounded down, for a positive divisor.
    fileprivate func flooredQuotient(by divisor: Int64) -> Int64 {
        let quotient = self / divisor
        return self % divisor < 0 ? quotient - 1 : quotient
    }
}
