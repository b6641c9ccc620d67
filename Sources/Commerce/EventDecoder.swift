import JSON

/// The forms in which events are written. Each has a file that turns its JSON into an `Event`; what holds for all of them
/// (limits, key, times) is `EventDecoder`'s.
public enum EventDialect: String, CaseIterable, Sendable {
    /// The contract's own form (`topics/events.json`).
    case native

    /// The event that `value` describes in this dialect.
    func event(_ value: JSONValue) throws(RecordFault) -> Event {
        switch self {
        case .native: try NativeEvent.decode(value)
        }
    }
}

/// What became of a record of the `events` topic.
public enum DecodedEvent: Equatable, Sendable {
    case event(Event)
    case refused(RecordFault)
}

/// Turns records of the `events` topic into events, or says why not. One for each thread: it keeps the parser's buffers.
///
/// It depends on nothing but its input: no clock, no locale, so the same log decodes to the same events at any time.
public struct EventDecoder {
    /// What an event may be at most.
    public struct Limits: Equatable, Sendable {
        /// Size of a record's value in bytes.
        public var payload: Int
        /// How far an event's time may lie beyond its record's own timestamp, in milliseconds.
        public var futureSkew: Int64

        public init(payload: Int = 1 << 20, futureSkew: Int64 = 5 * 60_000) {
            self.payload = payload
            self.futureSkew = futureSkew
        }
    }

    public let dialect: EventDialect
    public let limits: Limits
    private let parser: JSONParser

    public init(dialect: EventDialect = .native, limits: Limits = Limits()) {
        self.dialect = dialect
        self.limits = limits
        self.parser = JSONParser(maximumLength: limits.payload)
    }

    /// Decodes one record. `timestamp` is the record's own, set by the producer or the broker; skew is judged against it.
    ///
    /// The key must be the identifier of the event's shopper, byte for byte. An event may be as old as `EventTime.earliest`
    /// and as new as its record plus the allowed skew: so neither year 1 nor year 9999 passes.
    public func decode(key: [UInt8]?, value: [UInt8]?, timestamp: EventTime) -> DecodedEvent {
        do {
            guard let value else { throw RecordFault(.noPayload, "the record has no value: events are never withdrawn") }
            let event = try parser.parse(value) { try dialect.event($0) }
            try checkKey(key, event.shopper)
            try checkTime(event.time, timestamp)
            return .event(event)
        } catch {
            return .refused(RecordFault(decoding: error))
        }
    }

    /// Decodes a value alone, as it stands in a file; its time may be anything from `EventTime.earliest` to `latest`.
    public func decode(_ value: [UInt8], latest: EventTime) throws(RecordFault) -> Event {
        do {
            let event = try parser.parse(value) { try dialect.event($0) }
            try event.time.check(latest: latest)
            return event
        } catch {
            throw RecordFault(decoding: error)
        }
    }

    private func checkKey(_ key: [UInt8]?, _ shopper: Shopper) throws(RecordFault) {
        guard let key, !key.isEmpty else {
            throw RecordFault(
                .missingKey, "the record has no key; it must be the user's identifier \(excerpt(shopper.id)), which keeps their order")
        }
        guard key.elementsEqual(shopper.id.utf8) else {
            throw RecordFault(.keyMismatch, "the key \(excerpt(key)) is not the user's identifier \(excerpt(shopper.id))")
        }
    }

    private func checkTime(_ time: EventTime, _ timestamp: EventTime) throws(RecordFault) {
        try time.check(latest: EventTime(milliseconds: .max))
        guard timestamp.rawValue >= 0 else {
            throw RecordFault(.missingRecordTime, "the record has no timestamp by which the event's time could be judged")
        }
        // An event's time is at least `earliest` and a timestamp at least 0, so the difference cannot overflow.
        guard time.rawValue - timestamp.rawValue <= limits.futureSkew else {
            throw RecordFault(
                .futureTime,
                "timestamp \(time.rfc3339) (\(time.rawValue) ms) is more than \(limits.futureSkew) ms after the record's own time "
                    + timestamp.rfc3339)
        }
    }
}

extension EventTime {
    /// Checks that an event's time lies from `earliest` to `latest`.
    package func check(latest: EventTime) throws(RecordFault) {
        guard self >= EventTime.earliest else {
            let isLikelySeconds = (946_684_800...253_402_300_799).contains(rawValue)
            throw RecordFault(
                .timeOutOfRange,
                "timestamp \(rfc3339) (\(rawValue) ms) is before \(EventTime.earliest.rfc3339)"
                    + (isLikelySeconds ? " (are these seconds?)" : ""))
        }
        guard self <= latest else {
            throw RecordFault(.futureTime, "timestamp \(rfc3339) (\(rawValue) ms) is after \(latest.rfc3339)")
        }
    }
}
