import Commerce
import Datasets
import Kafka

/// Writes a file of events or of a catalogue to its topic.
public struct ImportJob: Sendable {
    public var table: InputTable
    public var topic: String
    public var limits: Importer.Limits
    /// Rows that begin before this line are passed over: where an earlier import was cut off.
    public var fromLine: Int

    /// Describes the work; nothing is read yet.
    public init(table: InputTable, topic: String, limits: Importer.Limits = .init(), fromLine: Int = 1) {
        self.table = table
        self.topic = topic
        self.limits = limits
        self.fromLine = fromLine
    }

    /// What came of it.
    public struct Outcome: Sendable {
        /// Records written and confirmed, or in a dry run those that would have been written.
        public var written = 0
        /// Rows before `fromLine`, good or bad.
        public var skipped = 0
        /// Nil in a dry run.
        public var partitions: Int?
        public var refused: RefusedRows
    }

    /// The import ended before the file did, or some of it is not confirmed.
    public struct Fault: Error, CustomStringConvertible {
        /// One line: the file, the lines, the cause, how to go on.
        public let description: String
    }

    /// Reads the file and writes it; blocks the calling thread.
    ///
    /// - Parameters:
    ///   - kafka: nil is a dry run: everything is read and checked, nothing is sent.
    ///   - progress: how far the file was read, and how many records are confirmed; called on the calling thread.
    ///   - refuse: called with every refused row.
    ///   - show: called with every record that a dry run would send.
    /// - Throws: `FileFault` and `DatasetFault` where the file cannot be opened, `Fault`.
    public func run<Record: ContractRecord>(
        _ open: (_ path: String, _ options: DatasetOptions) throws -> DatasetReader<Record>,
        to kafka: KafkaConfiguration?,
        progress: (InputTable.Progress, _ confirmed: Int) -> Void = { _, _ in },
        refuse: (RowFault) throws -> Void = { _ in }, show: (Record) throws -> Void = { _ in }
    ) throws -> Outcome {
        let importer = try kafka.map { try connect($0) }
        var latest: InputTable.Progress?
        defer { if let latest { progress(latest, importer?.confirmed ?? 0) } }
        var outcome = Outcome(refused: RefusedRows(path: table.path))
        outcome.partitions = importer?.partitions
        do {
            do {
                try table.read(
                    open, every: min(1000, max(1, (limits.rate ?? .max) / 10)),
                    progress: {
                        latest = $0
                        progress($0, importer?.confirmed ?? 0)
                    },
                    refuse: { fault in
                        guard fault.line >= fromLine else {
                            outcome.skipped += 1
                            return
                        }
                        outcome.refused.add(fault)
                        try refuse(fault)
                    },
                    body: { line, record in
                        guard line >= fromLine else {
                            outcome.skipped += 1
                            return
                        }
                        if let importer { try importer.write(record, line: line) } else { try show(record) }
                        outcome.written += 1
                    })
            } catch let fault where !(fault is Importer.Fault) {
                // The file cannot be read on: what was read of it is written all the same.
                guard let importer else { throw fault }
                try importer.finish()
                throw Fault(description: "\(fault); the \(importer.confirmed) records before are in \(topic)")
            }
            try importer?.finish()
        } catch let fault as Importer.Fault {
            throw Fault(
                description: "\(table.path): \(fault.cause). Of lines \(fault.unsure.lowerBound) to "
                    + "\(fault.unsure.upperBound) some may be missing in \(topic), the \(importer?.confirmed ?? 0) "
                    + "records before are there; go on with --from-line \(fault.unsure.lowerBound) (what did arrive of "
                    + "them comes again, and events without an event_id then count twice)")
        }
        return outcome
    }

    private func connect(_ kafka: KafkaConfiguration) throws -> Importer {
        do throws(KafkaError) {
            return try Importer(kafka, topic: topic, limits: limits)
        } catch {
            throw Fault(
                description: error.code == .unknownTopic
                    ? "\(error); `breadcrumb topics apply` creates the contract's topics" : "\(error)")
        }
    }
}
