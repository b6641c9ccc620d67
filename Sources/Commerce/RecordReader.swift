import JSON

/// The names of a record's fields; the raw values count from 0, at most `RecordReader.capacity` of them.
protocol RecordField: CaseIterable, RawRepresentable<Int> {
    /// The name on the wire, in ASCII.
    var name: StaticString { get }
}

/// The known fields of a JSON object, each at most once, and the strict reading of each.
///
/// Unknown fields are passed over; a known one that comes twice is a fault (which one would count?); a null is as good as
/// absent. Every getter throws `RecordFault`, naming the field and what it held.
struct RecordReader<Field: RecordField> {
    private var values: InlineArray<12, JSONValue?> = .init(repeating: nil)
    private let place: String

    /// The number of fields that a record may know.
    static var capacity: Int { 12 }

    /// Finds each known field of `value`, which must be an object. `place` names it in faults ("" for the whole record).
    init(_ value: JSONValue, place: String = "") throws(RecordFault) {
        self.place = place
        guard let object = value.object else {
            let subject = place.isEmpty ? "the value" : place
            throw RecordFault(.wrongType, "\(subject) must be an object, not \(describe(value))")
        }
        for field in object {
            guard let known = Field.allCases.first(where: { $0.name.equals(field.name) }) else { continue }
            guard values[known.rawValue] == nil else {
                throw RecordFault(.duplicateField, "\(path(known)) is there twice")
            }
            values[known.rawValue] = field.value
        }
    }

    /// The field's name with its place.
    func path(_ field: Field) -> String { place.isEmpty ? "\(field.name)" : "\(place).\(field.name)" }

    /// The value of a field, nil where it is absent or null.
    func value(_ field: Field) -> JSONValue? {
        guard let value = values[field.rawValue], !value.isNull else { return nil }
        return value
    }

    /// The value of a field that must be there.
    func required(_ field: Field) throws(RecordFault) -> JSONValue {
        guard let value = value(field) else { throw RecordFault(.missingField, "\(path(field)) is missing") }
        return value
    }

    /// A string.
    func text(_ field: Field) throws(RecordFault) -> String? {
        guard let value = value(field) else { return nil }
        return try Text.read(value, path(field))
    }

    /// A string of 1 to `Identifier.maximumLength` bytes. Numbers are refused: 007, 7 and 7.0 would be one identifier in JSON.
    func identifier(_ field: Field) throws(RecordFault) -> String? {
        guard let value = value(field) else { return nil }
        return try Text.identifier(value, path(field))
    }

    /// An identifier that must be there.
    func requiredIdentifier(_ field: Field) throws(RecordFault) -> String {
        try Text.identifier(required(field), path(field))
    }

    /// A number for which `isAllowed`; `rule` says in words which those are.
    func number(_ field: Field, _ rule: StaticString, _ isAllowed: (Double) -> Bool) throws(RecordFault) -> Double? {
        guard let value = value(field) else { return nil }
        guard let number = value.double else {
            throw RecordFault(.wrongType, "\(path(field)) must be a number, not \(describe(value))")
        }
        guard isAllowed(number) else { throw RecordFault(.invalidNumber, "\(path(field)) must be \(rule), not \(number)") }
        return number
    }

    func boolean(_ field: Field) throws(RecordFault) -> Bool? {
        guard let value = value(field) else { return nil }
        guard let bool = value.bool else {
            throw RecordFault(.wrongType, "\(path(field)) must be true or false, not \(describe(value))")
        }
        return bool
    }

    /// A whole number in `range` that must be there.
    func integer<Number: FixedWidthInteger>(_ field: Field, in range: ClosedRange<Number>) throws(RecordFault) -> Number {
        let value = try required(field)
        guard value.double != nil else {
            throw RecordFault(.wrongType, "\(path(field)) must be a whole number, not \(describe(value))")
        }
        guard let whole = value.int64, let number = Number(exactly: whole), range.contains(number) else {
            throw RecordFault(
                .invalidNumber, "\(path(field)) must be whole, \(range.lowerBound) to \(range.upperBound), not \(describe(value))")
        }
        return number
    }

    /// A time: RFC 3339 text or epoch milliseconds. Whether it is plausible is the caller's to judge.
    func time(_ field: Field) throws(RecordFault) -> EventTime {
        let value = try required(field)
        if let utf8 = value.utf8 {
            guard let time = EventTime(rfc3339: utf8) else {
                throw RecordFault(
                    .invalidTime, "\(path(field)) \(excerpt(utf8)) is no RFC 3339 time such as 2026-11-01T12:00:00.123Z")
            }
            return time
        }
        guard value.double != nil else {
            throw RecordFault(.wrongType, "\(path(field)) must be an RFC 3339 text or epoch milliseconds, not \(describe(value))")
        }
        guard let milliseconds = value.int64 else {
            throw RecordFault(.invalidTime, "\(path(field)) must be a whole number of milliseconds, not \(describe(value))")
        }
        return EventTime(milliseconds: milliseconds)
    }
}

/// The reading of single strings.
enum Text {
    /// The text of a string value; `path` names it in faults.
    static func read(_ value: JSONValue, _ path: @autoclosure () -> String) throws(RecordFault) -> String {
        guard let utf8 = value.utf8 else {
            throw RecordFault(.wrongType, "\(path()) must be a string, not \(describe(value))")
        }
        guard let text = String(validating: utf8, as: UTF8.self) else {
            throw RecordFault(.invalidUTF8, "\(path()) \(excerpt(utf8)) has half a surrogate pair, which is no character")
        }
        return text
    }

    /// The text of a string value that serves as an identifier.
    static func identifier(_ value: JSONValue, _ path: @autoclosure () -> String) throws(RecordFault) -> String {
        guard let utf8 = value.utf8 else {
            throw RecordFault(.wrongType, "\(path()) must be a string, not \(describe(value))")
        }
        try Identifier.checkLength(utf8, path())
        return try read(value, path())
    }
}

extension StaticString {
    /// Whether the bytes are the same.
    fileprivate func equals(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        guard utf8CodeUnitCount == bytes.count else { return false }
        for index in 0..<bytes.count where utf8Start[index] != bytes[index] { return false }
        return true
    }
}

/// A value as a fault's sentence names it: its kind, and what it holds where that is short.
func describe(_ value: JSONValue) -> String {
    switch value.kind {
    case .null: "null"
    case .object: "an object"
    case .array: "an array"
    case .boolean: value.bool == true ? "true" : "false"
    case .string: "the string \(excerpt(value.utf8 ?? UnsafeBufferPointer(start: nil, count: 0)))"
    case .number: "the number \(value.int64.map { "\($0)" } ?? "\(value.double ?? 0)")"
    }
}

extension RecordFault {
    /// What the parser's refusal of a record's value means for the record.
    init(_ error: JSONError) {
        let reason: Reason =
            switch error.code {
            case .empty: .emptyPayload
            case .tooLarge: .payloadTooLarge
            case .tooDeep: .nestedTooDeep
            case .invalidUTF8: .invalidUTF8
            case .invalid, .notFinite: .invalidJSON
            case .inUse, .noMemory: .unreadable
            }
        self.init(reason, error.message)
    }

    /// Any error of a decoding: its own faults as they are, the parser's by their meaning.
    init(decoding error: any Error) {
        switch error {
        case let fault as RecordFault: self = fault
        case let error as JSONError: self.init(error)
        default: self.init(.unreadable, "\(error)")
        }
    }
}
