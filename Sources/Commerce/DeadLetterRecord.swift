/// The names of the headers that a dead letter adds.
private enum HeaderName {
    static let topic = "breadcrumb.topic"
    static let partition = "breadcrumb.partition"
    static let offset = "breadcrumb.offset"
    static let timestamp = "breadcrumb.timestamp"
    static let reason = "breadcrumb.reason"
    static let detail = "breadcrumb.detail"
    static let length = "breadcrumb.original-length"
    static let sha256 = "breadcrumb.original-sha256"
}

extension DeadLetter {
    /// The letter as a Kafka record: the original key, value and headers, then the `breadcrumb.` ones, numbers in decimal digits.
    public var record: Record {
        var all = headers
        func add(_ name: String, _ value: String) { all.append(Header(name: name, value: Array(value.utf8))) }
        add(HeaderName.topic, source.topic)
        add(HeaderName.partition, String(source.partition))
        add(HeaderName.offset, String(source.offset))
        add(HeaderName.timestamp, String(timestamp.rawValue))
        add(HeaderName.reason, fault.reason.rawValue)
        add(HeaderName.detail, fault.detail)
        if let truncation {
            add(HeaderName.length, String(truncation.length))
            add(HeaderName.sha256, truncation.sha256)
        }
        return Record(key: key, value: value, headers: all)
    }

    /// Reads a letter back.
    ///
    /// A letter that was sent back and refused again bears two sets of `breadcrumb.` headers: the last one is this letter's, the
    /// one before belongs to the record it holds.
    /// - Throws: `RecordFault` naming the header that is missing or no number.
    public init(_ record: Record) throws(RecordFault) {
        guard let start = record.headers.lastIndex(where: { $0.name == HeaderName.topic }) else {
            throw RecordFault(
                .missingField, "the header \(HeaderName.topic) is missing: this is no dead letter of Breadcrumb")
        }
        let own = record.headers[start...]
        func text(_ name: String) throws(RecordFault) -> String {
            guard let bytes = own.first(where: { $0.name == name })?.value else {
                throw RecordFault(.missingField, "the header \(name) is missing")
            }
            return String(decoding: bytes, as: UTF8.self)
        }
        func number<Number: FixedWidthInteger>(_ name: String) throws(RecordFault) -> Number {
            let text = try text(name)
            guard let number = Number(text) else {
                throw RecordFault(.wrongType, "the header \(name) must be a whole number, not \(excerpt(text))")
            }
            return number
        }
        let code = try text(HeaderName.reason)
        guard let reason = RecordFault.Reason(rawValue: code) else {
            throw RecordFault(.unknownType, "the header \(HeaderName.reason) \(excerpt(code)) is not a known reason")
        }
        let isTruncated = own.contains { $0.name == HeaderName.length }
        self.init(
            source: RecommendationList.Source(
                topic: try text(HeaderName.topic), partition: try number(HeaderName.partition),
                offset: try number(HeaderName.offset)),
            timestamp: EventTime(milliseconds: try number(HeaderName.timestamp)),
            fault: RecordFault(reason, try text(HeaderName.detail)), key: record.key, value: record.value,
            headers: Array(record.headers[..<start]),
            truncation: isTruncated
                ? Truncation(length: try number(HeaderName.length), sha256: try text(HeaderName.sha256)) : nil)
    }
}
