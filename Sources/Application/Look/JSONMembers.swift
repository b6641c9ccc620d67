import Commerce
import JSON

/// Members of the reports: every name is always there, with null for what is not known.
extension JSONWriter {
    mutating func member(_ name: StaticString, _ value: String?) {
        self.name(fixed: name)
        if let value { string(value) } else { null() }
    }

    mutating func member(_ name: StaticString, _ value: (some FixedWidthInteger)?) {
        self.name(fixed: name)
        if let value { integer(value) } else { null() }
    }

    mutating func member(_ name: StaticString, _ value: Bool?) {
        self.name(fixed: name)
        if let value { bool(value) } else { null() }
    }

    /// As RFC 3339 in UTC.
    mutating func member(_ name: StaticString, _ value: EventTime?) { member(name, value?.rfc3339) }

    /// JSON has no word for a NaN or an infinity, so they are null.
    mutating func member(_ name: StaticString, _ value: Double?) {
        self.name(fixed: name)
        do throws(JSONError) { if let value { try number(value) } else { null() } } catch { null() }
    }

    /// As above.
    mutating func member(_ name: StaticString, _ value: Float?) {
        self.name(fixed: name)
        do throws(JSONError) { if let value { try number(value) } else { null() } } catch { null() }
    }

    /// An object, or null where there is none.
    mutating func member<Value>(_ name: StaticString, object value: Value?, _ body: (inout JSONWriter, Value) -> Void) {
        self.name(fixed: name)
        guard let value else { return null() }
        object { json in body(&json, value) }
    }

    /// An array of objects.
    mutating func member<Value>(_ name: StaticString, array values: [Value], _ body: (inout JSONWriter, Value) -> Void)
    {
        self.name(fixed: name)
        array { json in
            for value in values { json.object { json in body(&json, value) } }
        }
    }

    /// One JSON document, by the object that `body` writes, as a line.
    static func document(_ body: (inout JSONWriter) -> Void) -> String {
        var writer = JSONWriter(reserving: 4_096)
        writer.object { json in body(&json) }
        return String(decoding: writer.bytes, as: UTF8.self) + "\n"
    }
}
