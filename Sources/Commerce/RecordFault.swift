/// Why a record is refused: a reason for machines and a sentence for people.
public struct RecordFault: Error, Equatable, Sendable, CustomStringConvertible {
    /// The kinds of fault. The raw values are part of the contract (dead letters and metrics bear them) and never change.
    public enum Reason: String, CaseIterable, Sendable {
        /// The record has no value (a tombstone) where one is needed.
        case noPayload = "no_payload"
        /// The value has no bytes, or white space alone.
        case emptyPayload = "empty_payload"
        case payloadTooLarge = "payload_too_large"
        case invalidUTF8 = "invalid_utf8"
        case invalidJSON = "invalid_json"
        case nestedTooDeep = "nested_too_deep"
        case duplicateField = "duplicate_field"
        case missingField = "missing_field"
        case wrongType = "wrong_type"
        case unknownType = "unknown_type"
        case emptyIdentifier = "empty_identifier"
        case identifierTooLong = "identifier_too_long"
        /// A number outside its field's range.
        case invalidNumber = "invalid_number"
        /// A text that is no time, or no time that the contract knows.
        case invalidTime = "invalid_time"
        /// A time before `EventTime.earliest`.
        case timeOutOfRange = "time_out_of_range"
        /// A time too far beyond the record's own timestamp.
        case futureTime = "future_time"
        /// The record has no timestamp of its own, so that its event's time cannot be judged.
        case missingRecordTime = "missing_record_time"
        case missingKey = "missing_key"
        /// The key names another user or item than the value.
        case keyMismatch = "key_mismatch"
        /// A list or vector has more elements than allowed, or none where one is needed.
        case invalidLength = "invalid_length"
        /// The machine lacked what it takes to read the record; the record itself may be sound.
        case unreadable = "unreadable"
    }

    public var reason: Reason
    /// One sentence with the field and its value (cut to 64 characters, control characters escaped).
    public var detail: String

    public init(_ reason: Reason, _ detail: String) {
        self.reason = reason
        self.detail = detail
    }

    public var description: String { "\(reason.rawValue): \(detail)" }
}

/// A text from outside, made fit for a log line: quoted, at most 64 characters, control characters escaped.
package func excerpt(_ text: some StringProtocol) -> String {
    var quoted = "\""
    for (index, scalar) in text.unicodeScalars.enumerated() {
        if index == 64 { return quoted + "…\"" }
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate:
            quoted += "\\u{" + String(scalar.value, radix: 16) + "}"
        default:
            quoted.unicodeScalars.append(scalar)
        }
    }
    return quoted + "\""
}

/// The same for bytes, which may not be UTF-8.
package func excerpt(_ bytes: some Sequence<UInt8>) -> String {
    excerpt(String(decoding: Array(bytes.prefix(65 * 4)), as: UTF8.self))
}
