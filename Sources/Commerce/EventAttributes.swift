import JSON

/// What the contract allows of an event's attributes: what is known of the shopper, by name.
public enum EventAttributes {
    /// Attributes of one event at most.
    public static let maximumCount = 16
    /// Longest name in UTF-8 bytes; at least 1.
    public static let maximumName = 64
    /// Longest value in UTF-8 bytes.
    public static let maximumValue = 256

    /// Adds an attribute; `path` names the object in faults.
    package static func add(
        _ name: String, _ value: String, to attributes: inout [String: String], path: String = "attributes"
    ) throws(RecordFault) {
        guard !name.isEmpty else { throw RecordFault(.emptyIdentifier, "\(path) has an attribute without a name") }
        guard name.utf8.count <= maximumName else {
            throw RecordFault(
                .identifierTooLong,
                "\(path): the name \(excerpt(name)) has \(name.utf8.count) bytes, more than the \(maximumName) allowed")
        }
        guard value.utf8.count <= maximumValue else {
            throw RecordFault(
                .invalidLength,
                "\(path).\(excerpt(name)) has \(value.utf8.count) bytes, more than the \(maximumValue) allowed")
        }
        guard attributes.updateValue(value, forKey: name) == nil else {
            throw RecordFault(.duplicateField, "\(path).\(excerpt(name)) is there twice")
        }
        guard attributes.count <= maximumCount else {
            throw RecordFault(.invalidLength, "\(path) has more than the \(maximumCount) entries allowed")
        }
    }

    /// Reads the field of an event; an attribute whose value is null is as good as absent.
    static func decode(_ value: JSONValue?) throws(RecordFault) -> [String: String] {
        guard let value else { return [:] }
        guard let fields = value.object else {
            throw RecordFault(.wrongType, "attributes must be an object of strings, not \(describe(value))")
        }
        var attributes: [String: String] = [:]
        for field in fields where !field.value.isNull {
            let name = String(decoding: field.name, as: UTF8.self)
            try add(name, try Text.read(field.value, "attributes.\(excerpt(name))"), to: &attributes)
        }
        return attributes
    }

    /// Writes the field in the order of the names' bytes, or nothing where there are none.
    static func encode(_ attributes: [String: String], to json: inout JSONWriter) {
        guard !attributes.isEmpty else { return }
        json.name(fixed: "attributes")
        json.object { json in
            for (name, value) in attributes.sorted(by: { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }) {
                json.name(name)
                json.string(value)
            }
        }
    }
}
