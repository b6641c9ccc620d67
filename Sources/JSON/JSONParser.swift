import CSimdjson

/// Why a text is not the JSON that was wanted.
public struct JSONError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What kind of fault it is; callers decide by it, never by the text.
    public enum Code: Sendable {
        /// No value at all: nothing, or white space alone.
        case empty
        /// Longer than the parser's limit.
        case tooLarge
        /// Nested deeper than the parser's limit.
        case tooDeep
        case invalidUTF8
        /// Not JSON by RFC 8259 (among others: a number that no double or 64-bit integer holds).
        case invalid
        /// A parser was used inside its own `parse`.
        case inUse
        case noMemory
        /// A NaN or an infinity, which JSON cannot say.
        case notFinite
    }

    public var code: Code
    public var message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { message }
}

/// A strict JSON parser (simdjson's DOM) that keeps its buffers from text to text: make one for each thread.
///
/// Not Sendable: one thread at a time. simdjson does not tell where in the text a fault lies.
public final class JSONParser {
    /// Arrays and objects within one another, at most. An empty one is no level: nothing lies within it.
    public let maximumDepth: Int
    /// Length of a text in bytes, at most.
    public let maximumLength: Int
    private let parser: OpaquePointer?
    private var isInUse = false

    /// A parser with these limits; `maximumLength` is bounded by simdjson's own 4 GB.
    public init(maximumDepth: Int = 64, maximumLength: Int = 16 << 20) {
        self.maximumDepth = max(1, maximumDepth)
        self.maximumLength = min(max(1, maximumLength), 0xffff_ffff)
        // One level more than the values have: simdjson counts the document itself.
        parser = csimdjson_create(self.maximumLength, self.maximumDepth + 1)
    }

    deinit { csimdjson_destroy(parser) }

    /// Parses `bytes` and hands the document's value to `body`.
    ///
    /// The value, and all that is reached from it, lives in the parser's buffers: it must not leave `body`.
    /// - Throws: `JSONError`, and what `body` throws.
    public func parse<Output>(_ bytes: [UInt8], _ body: (JSONValue) throws -> Output) throws -> Output {
        try bytes.withUnsafeBytes { try parse($0, body) }
    }

    /// Parses the UTF-8 of `text`; otherwise as above.
    public func parse<Output>(_ text: String, _ body: (JSONValue) throws -> Output) throws -> Output {
        try parse(Array(text.utf8), body)
    }

    /// Parses `bytes`, which need no padding; otherwise as above.
    public func parse<Output>(_ bytes: UnsafeRawBufferPointer, _ body: (JSONValue) throws -> Output) throws -> Output {
        guard let parser else { throw JSONError(.noMemory, "no memory for a JSON parser") }
        guard !isInUse else { throw JSONError(.inUse, "a JSON parser was used inside its own parse") }
        guard bytes.count <= maximumLength else {
            throw JSONError(.tooLarge, "the JSON text has \(bytes.count) bytes, more than the \(maximumLength) allowed")
        }
        guard let start = bytes.baseAddress, !bytes.isEmpty else { throw JSONError(.empty, "the JSON text is empty") }
        isInUse = true
        defer { isInUse = false }
        var document = CSimdjsonDocument()
        let status = csimdjson_parse(parser, start.assumingMemoryBound(to: UInt8.self), bytes.count, &document)
        guard status == CSimdjsonOK, let tape = document.tape, let strings = document.strings else {
            throw failure(status, length: bytes.count)
        }
        return try body(JSONValue(tape: tape, strings: strings, index: 1))
    }

    private func failure(_ status: CSimdjsonStatus, length: Int) -> JSONError {
        switch status {
        case CSimdjsonTooLarge:
            JSONError(.tooLarge, "the JSON text has \(length) bytes, more than the \(maximumLength) allowed")
        case CSimdjsonNoMemory: JSONError(.noMemory, "no memory to parse a JSON text of \(length) bytes")
        case CSimdjsonTooDeep: JSONError(.tooDeep, "the JSON text is nested deeper than the \(maximumDepth) levels allowed")
        case CSimdjsonInvalidUTF8: JSONError(.invalidUTF8, "the text is not UTF-8")
        case CSimdjsonEmpty: JSONError(.empty, "the JSON text is empty")
        case CSimdjsonBadNumber: JSONError(.invalid, "not JSON: a malformed number, or one too large to hold")
        default: JSONError(.invalid, "not JSON: " + (csimdjson_message(parser).map { String(cString: $0) } ?? "unknown fault"))
        }
    }
}
