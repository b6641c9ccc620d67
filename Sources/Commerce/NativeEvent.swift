import JSON

/// The contract's own form of an event (`topics/events.json`), read and written.
enum NativeEvent {
    enum Field: Int, RecordField {
        case eventID, type, userID, anonymousID, itemID, timestamp, sessionID, quantity, price, currency, attributes

        static let names: [StaticString] = [
            "event_id", "type", "user_id", "anonymous_id", "item_id", "timestamp", "session_id", "quantity", "price",
            "currency", "attributes",
        ]
    }

    static func decode(_ value: JSONValue) throws(RecordFault) -> Event {
        let record = try RecordReader<Field>(value)
        let action = try action(record)
        let user = try record.identifier(.userID)
        let anonymous = try record.identifier(.anonymousID)
        let shopper: Shopper
        if let user {
            shopper = .known(user)
        } else if let anonymous {
            shopper = .anonymous(anonymous)
        } else {
            throw RecordFault(.missingField, "user_id and anonymous_id are missing: an event needs one of them")
        }
        return Event(
            eventID: try record.identifier(.eventID), action: action, shopper: shopper,
            anonymousID: user == nil ? nil : anonymous, item: ItemID(try record.requiredIdentifier(.itemID)),
            time: try record.time(.timestamp), sessionID: try record.identifier(.sessionID),
            quantity: try record.number(.quantity, "greater than 0") { $0 > 0 },
            price: try record.number(.price, "0 or more") { $0 >= 0 }, currency: try record.identifier(.currency),
            attributes: try EventAttributes.decode(record.value(.attributes)))
    }

    private static func action(_ record: borrowing RecordReader<Field>) throws(RecordFault) -> Action {
        let value = try record.required(.type)
        guard let name = value.string else {
            throw RecordFault(.wrongType, "type must be a string, not \(describe(value))")
        }
        guard let action = Action(name: name) else {
            let known = Action.allCases.map(\.name).joined(separator: ", ")
            throw RecordFault(.unknownType, "type \(excerpt(name)) is none of \(known)")
        }
        return action
    }
}

extension Event {
    /// The key of the event's record: the bytes of the shopper's identifier.
    public var key: [UInt8] { Array(shopper.id.utf8) }

    /// The event in the contract's own form. Absent fields are left out.
    /// - Throws: `JSONError` where price or quantity is a NaN or an infinity.
    public func encoded() throws(JSONError) -> [UInt8] {
        var writer = JSONWriter()
        try writer.object { json throws(JSONError) in
            json.field("event_id", eventID)
            json.field("type", action.name)
            switch shopper {
            case .known(let id):
                json.field("user_id", id)
                json.field("anonymous_id", anonymousID)
            case .anonymous(let id):
                json.field("anonymous_id", id)
            }
            json.field("item_id", item.rawValue)
            json.field("timestamp", time.rfc3339)
            json.field("session_id", sessionID)
            try json.field("quantity", quantity)
            try json.field("price", price)
            json.field("currency", currency)
            EventAttributes.encode(attributes, to: &json)
        }
        return writer.bytes
    }
}

extension JSONWriter {
    /// Writes a field, or nothing where it has no value.
    mutating func field(_ name: StaticString, _ value: String?) {
        guard let value else { return }
        self.name(fixed: name)
        string(value)
    }

    /// Writes a field, or nothing where it has no value.
    mutating func field(_ name: StaticString, _ value: Double?) throws(JSONError) {
        guard let value else { return }
        self.name(fixed: name)
        try number(value)
    }
}
