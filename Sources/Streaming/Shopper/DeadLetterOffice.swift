import Bytes
import Commerce

/// Makes the dead letter of a record that was refused.
struct DeadLetterOffice {
    /// The topic the records came from.
    let topic: String
    /// Longest value that is sent whole, in bytes.
    let limit: Int

    /// The letter with the record's own bytes, its place and the reason.
    func letter(_ record: LogRecord, _ fault: RecordFault) -> OutputRecord {
        let letter = DeadLetter(
            source: .init(topic: topic, partition: record.partition.rawValue, offset: record.offset.rawValue),
            timestamp: record.timestamp, fault: fault, key: record.key, value: record.value,
            headers: record.headers.map { .init(name: $0.name, value: $0.value) })
        // Without a digest a long value still goes out whole and the broker decides: nothing is lost silently.
        let sent = ((try? letter.truncated(to: limit)) ?? letter).record
        return OutputRecord(
            destination: .deadLetters, key: sent.key, value: sent.value,
            headers: sent.headers.map { Header(name: $0.name, value: $0.value) })
    }
}
