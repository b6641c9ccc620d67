/// A value of a parsed document. It lives in the parser's buffers and must not outlive the `parse` that gave it.
///
/// It is an index into simdjson's tape (simdjson, doc/tape.md): eight bytes an element, its type in the highest one.
public struct JSONValue {
    /// What a value is.
    public enum Kind: String, Sendable {
        case object, array, string, number, boolean, null
    }

    @usableFromInline let tape: UnsafePointer<UInt64>
    @usableFromInline let strings: UnsafePointer<UInt8>
    @usableFromInline let index: Int

    @inlinable
    init(tape: UnsafePointer<UInt64>, strings: UnsafePointer<UInt8>, index: Int) {
        self.tape = tape
        self.strings = strings
        self.index = index
    }

    /// The element's type: an ASCII character.
    @inlinable var tag: UInt8 { UInt8(truncatingIfNeeded: tape[index] >> 56) }

    /// The index of the element after this one.
    @inlinable var next: Int {
        switch tag {
        case UInt8(ascii: "{"), UInt8(ascii: "["): Int(truncatingIfNeeded: tape[index] & 0xffff_ffff)
        case UInt8(ascii: "l"), UInt8(ascii: "u"), UInt8(ascii: "d"): index &+ 2
        default: index &+ 1
        }
    }

    public var kind: Kind {
        switch tag {
        case UInt8(ascii: "{"): .object
        case UInt8(ascii: "["): .array
        case UInt8(ascii: "\""): .string
        case UInt8(ascii: "t"), UInt8(ascii: "f"): .boolean
        case UInt8(ascii: "n"): .null
        default: .number
        }
    }

    @inlinable public var isNull: Bool { tag == UInt8(ascii: "n") }

    /// The value of a `true` or `false`.
    @inlinable public var bool: Bool? {
        switch tag {
        case UInt8(ascii: "t"): true
        case UInt8(ascii: "f"): false
        default: nil
        }
    }

    /// The value of a number that is whole and fits: `5`, `5.0` and `5e0` alike.
    public var int64: Int64? {
        switch tag {
        case UInt8(ascii: "l"): Int64(bitPattern: tape[index &+ 1])
        case UInt8(ascii: "u"): Int64(exactly: tape[index &+ 1])
        case UInt8(ascii: "d"): Int64(exactly: Double(bitPattern: tape[index &+ 1]))
        default: nil
        }
    }

    /// The value of any number, rounded to a double; never a NaN or an infinity.
    @inlinable public var double: Double? {
        switch tag {
        case UInt8(ascii: "d"): Double(bitPattern: tape[index &+ 1])
        case UInt8(ascii: "l"): Double(Int64(bitPattern: tape[index &+ 1]))
        case UInt8(ascii: "u"): Double(tape[index &+ 1])
        default: nil
        }
    }

    /// The bytes of a string, escapes resolved: always UTF-8, since the parser refuses invalid bytes and escaped lone surrogates.
    @inlinable public var utf8: UnsafeBufferPointer<UInt8>? {
        guard tag == UInt8(ascii: "\"") else { return nil }
        let entry = strings + Int(truncatingIfNeeded: tape[index] & 0x00ff_ffff_ffff_ffff)
        let length = UnsafeRawPointer(entry).loadUnaligned(as: UInt32.self)
        return UnsafeBufferPointer(start: entry + 4, count: Int(length))
    }

    /// A string's text.
    public var string: String? { utf8.map { String(decoding: $0, as: UTF8.self) } }

    /// The fields of an object, in their order, repeated names and all.
    @inlinable public var object: JSONObject? { tag == UInt8(ascii: "{") ? JSONObject(value: self) : nil }

    /// The elements of an array.
    @inlinable public var array: JSONArray? { tag == UInt8(ascii: "[") ? JSONArray(value: self) : nil }
}

/// The fields of an object, in the order of the text.
public struct JSONObject: Sequence {
    /// A field's name, in UTF-8, and its value.
    public struct Field {
        public let name: UnsafeBufferPointer<UInt8>
        public let value: JSONValue

        @inlinable
        init(name: UnsafeBufferPointer<UInt8>, value: JSONValue) {
            self.name = name
            self.value = value
        }
    }

    @usableFromInline let value: JSONValue

    @inlinable
    init(value: JSONValue) { self.value = value }

    @inlinable
    public func makeIterator() -> Iterator { Iterator(cursor: value.index &+ 1, end: value.next &- 1, value: value) }

    /// The value of the first field of that name.
    public subscript(name: String) -> JSONValue? {
        first { $0.name.elementsEqual(name.utf8) }?.value
    }

    public struct Iterator: IteratorProtocol {
        @usableFromInline var cursor: Int
        @usableFromInline let end: Int
        @usableFromInline let value: JSONValue

        @inlinable
        init(cursor: Int, end: Int, value: JSONValue) {
            self.cursor = cursor
            self.end = end
            self.value = value
        }

        @inlinable
        public mutating func next() -> Field? {
            guard cursor < end else { return nil }
            let name = JSONValue(tape: value.tape, strings: value.strings, index: cursor)
            let field = JSONValue(tape: value.tape, strings: value.strings, index: cursor &+ 1)
            cursor = field.next
            return Field(name: name.utf8 ?? UnsafeBufferPointer(start: nil, count: 0), value: field)
        }
    }
}

/// The elements of an array, in order.
public struct JSONArray: Sequence {
    @usableFromInline let value: JSONValue

    @inlinable
    init(value: JSONValue) { self.value = value }

    /// The number of elements, up to the 16,777,215 that simdjson counts.
    public var underestimatedCount: Int { Int(truncatingIfNeeded: (value.tape[value.index] >> 32) & 0xff_ffff) }

    @inlinable
    public func makeIterator() -> Iterator { Iterator(cursor: value.index &+ 1, end: value.next &- 1, value: value) }

    public struct Iterator: IteratorProtocol {
        @usableFromInline var cursor: Int
        @usableFromInline let end: Int
        @usableFromInline let value: JSONValue

        @inlinable
        init(cursor: Int, end: Int, value: JSONValue) {
            self.cursor = cursor
            self.end = end
            self.value = value
        }

        @inlinable
        public mutating func next() -> JSONValue? {
            guard cursor < end else { return nil }
            let element = JSONValue(tape: value.tape, strings: value.strings, index: cursor)
            cursor = element.next
            return element
        }
    }
}
