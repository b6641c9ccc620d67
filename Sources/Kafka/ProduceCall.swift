import CLibrdkafka

/// A topic's handle; it keeps its client alive, since librdkafka needs the topics destroyed first.
final class TopicHandle: @unchecked Sendable {  // librdkafka's handle is thread-safe
    let name: String
    let pointer: OpaquePointer
    private let client: KafkaClient

    init(_ name: String, client: KafkaClient) throws(KafkaError) {
        guard let pointer = rd_kafka_topic_new(client.pointer, name, nil) else {
            throw client.error(rd_kafka_last_error(), doing: "opening topic \(name)")
        }
        self.name = name
        self.pointer = pointer
        self.client = client
    }

    deinit { rd_kafka_topic_destroy(pointer) }
}

/// The call that hands a record to librdkafka: its arguments as an array, since Swift cannot call variadic functions.
enum ProduceCall {
    /// Copies the record into the client's queue. An error object, owned by the caller, when it was refused.
    static func send(
        _ record: KafkaRecord, _ topic: OpaquePointer, _ opaque: UnsafeMutableRawPointer, _ client: OpaquePointer
    ) -> OpaquePointer? {
        withBytes(record.key) { key in
            withBytes(record.value) { value in
                withUnsafeTemporaryAllocation(of: rd_kafka_vu_t.self, capacity: 8) { arguments in
                    var count = 0
                    func add(_ type: rd_kafka_vtype_t, _ fill: (inout rd_kafka_vu_t) -> Void) {
                        var argument = rd_kafka_vu_t()
                        argument.vtype = type
                        fill(&argument)
                        arguments.initializeElement(at: count, to: argument)
                        count += 1
                    }
                    add(RD_KAFKA_VTYPE_RKT) { $0.u.rkt = topic }
                    add(RD_KAFKA_VTYPE_MSGFLAGS) { $0.u.i = RD_KAFKA_MSG_F_COPY }
                    add(RD_KAFKA_VTYPE_OPAQUE) { $0.u.ptr = opaque }
                    add(RD_KAFKA_VTYPE_KEY) {
                        $0.u.mem.ptr = UnsafeMutableRawPointer(mutating: key.start)
                        $0.u.mem.size = key.count
                    }
                    add(RD_KAFKA_VTYPE_VALUE) {
                        $0.u.mem.ptr = UnsafeMutableRawPointer(mutating: value.start)
                        $0.u.mem.size = value.count
                    }
                    if let partition = record.partition { add(RD_KAFKA_VTYPE_PARTITION) { $0.u.i32 = partition.rawValue } }
                    if let timestamp = record.timestamp { add(RD_KAFKA_VTYPE_TIMESTAMP) { $0.u.i64 = timestamp } }
                    let headers = record.headers.isEmpty ? nil : list(of: record.headers)
                    if let headers { add(RD_KAFKA_VTYPE_HEADERS) { $0.u.headers = headers } }
                    let refused = rd_kafka_produceva(client, arguments.baseAddress, count)
                    // The headers become librdkafka's only with a record that was taken.
                    if refused != nil, let headers { rd_kafka_headers_destroy(headers) }
                    return refused
                }
            }
        }
    }

    /// The bytes' address; a null pointer stands for none, so an empty array needs an address of its own.
    private static func withBytes<Result>(
        _ bytes: [UInt8]?, _ body: ((start: UnsafeRawPointer?, count: Int)) -> Result
    ) -> Result {
        guard let bytes else { return body((nil, 0)) }
        if bytes.isEmpty { return withUnsafeBytes(of: UInt8(0)) { body(($0.baseAddress, 0)) } }
        return bytes.withUnsafeBytes { body(($0.baseAddress, $0.count)) }
    }

    private static func list(of headers: [KafkaHeader]) -> OpaquePointer? {
        let list = rd_kafka_headers_new(headers.count)
        for header in headers {
            _ = withBytes(header.value) { rd_kafka_header_add(list, header.name, -1, $0.start, $0.count) }
        }
        return list
    }
}
