/// The Gregorian calendar, carried back before 1582, and the reading of its written form.
enum CivilTime {
    /// 0001-01-01T00:00:00Z in milliseconds since 1970.
    static let earliestMilliseconds: Int64 = -62_135_596_800_000

    /// The number of days from 1970-01-01 to a date. Source: H. Hinnant, "chrono-Compatible Low-Level Date Algorithms",
    /// `days_from_civil`: eras of 400 years (146,097 days) that begin in March, so that the leap day comes last.
    static func day(year: Int64, month: Int64, day: Int64) -> Int64 {
        let shifted = month <= 2 ? year - 1 : year
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }

    /// The date of a day counted from 1970-01-01 (`civil_from_days` of the same source).
    static func date(ofDay day: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let shifted = day + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
    }

    static func daysIn(month: Int64, year: Int64) -> Int64 {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// Reads the parts of a written time from left to right; each gives nil where the text is not of its form.
    struct Scanner<Text: Collection<UInt8>> {
        private let text: Text
        private var cursor: Text.Index

        init(_ text: Text) {
            self.text = text
            self.cursor = text.startIndex
        }

        var isAtEnd: Bool { cursor == text.endIndex }

        /// `2026-11-01`, a day that exists, in the years 1 to 9999.
        mutating func date() -> (year: Int64, month: Int64, day: Int64)? {
            guard let year = digits(4), either("-", "-"), let month = digits(2), either("-", "-"), let day = digits(2),
                year >= 1, (1...12).contains(month), day >= 1, day <= daysIn(month: month, year: year)
            else { return nil }
            return (year, month, day)
        }

        /// `23:59:59`, in seconds of the day.
        mutating func clock() -> Int64? {
            guard let hour = digits(2), either(":", ":"), let minute = digits(2), either(":", ":"),
                let second = digits(2),
                hour < 24, minute < 60, second < 60
            else { return nil }
            return hour * 3_600 + minute * 60 + second
        }

        /// Nothing, or a point and 1 to 9 digits: milliseconds, cut.
        mutating func fraction() -> Int64? {
            guard either(".", ".") else { return 0 }
            var milliseconds: Int64 = 0
            var count = 0
            while count < 9, let digit = digits(1) {
                if count < 3 { milliseconds = milliseconds * 10 + digit }
                count += 1
            }
            guard count > 0 else { return nil }
            for _ in count..<max(count, 3) { milliseconds *= 10 }
            return milliseconds
        }

        /// `Z`, `z`, `+02:00` or `-02:00`: minutes to take off.
        mutating func offset() -> Int64? {
            if either("Z", "z") { return 0 }
            let isNegative = either("-", "-")
            guard isNegative || either("+", "+"), let hours = digits(2), either(":", ":"), let minutes = digits(2),
                hours < 24, minutes < 60
            else { return nil }
            return (isNegative ? -1 : 1) * (hours * 60 + minutes)
        }

        /// Moves past one character if it is one of these two.
        mutating func either(_ first: Unicode.Scalar, _ second: Unicode.Scalar) -> Bool {
            guard cursor < text.endIndex, text[cursor] == UInt8(ascii: first) || text[cursor] == UInt8(ascii: second)
            else {
                return false
            }
            text.formIndex(after: &cursor)
            return true
        }

        private mutating func digits(_ count: Int) -> Int64? {
            var value: Int64 = 0
            for _ in 0..<count {
                guard cursor < text.endIndex, case let digit = text[cursor] &- UInt8(ascii: "0"), digit < 10 else {
                    return nil
                }
                value = value * 10 + Int64(digit)
                text.formIndex(after: &cursor)
            }
            return value
        }
    }
}
