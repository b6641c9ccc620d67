import Commerce
import Retrieval
import TwoTower

/// The shoppers' stage: an event moves its shopper's state one step and refreshes the shopper's list.
///
/// Events of one batch are worked off in waves: the first event of every shopper, then the second, and so on, so that
/// the tower steps many shoppers together while each shopper's own order is kept.
public final class ShopperStage: KeyedStage {
    public struct Receipt: Sendable {
        /// Events by action and by what became of them.
        var outcomes: [EventOutcome: Int] = [:]
        /// Record timestamps of the events at which lists were published.
        var listed: [EventTime] = []
    }

    private let model: Model
    private let catalogue: LiveCatalogue
    private let settings: ShopperSettings
    private let decoder: EventDecoder
    private let letters: DeadLetterOffice
    private let metrics: ShopperMetrics
    private let lists: ListMaker
    private let stepper: Stepper
    private let probe: StageProbe

    /// A stage of one thread.
    ///
    /// - Parameters:
    ///   - configuration: digest of the settings that shape a list, cited in each.
    ///   - letterLimit: bytes of a dead letter's value; longer ones are cut.
    ///   - audit: repeats some of the searches exactly; nil repeats none.
    public init(
        model: Model, catalogue: LiveCatalogue, settings: ShopperSettings, configuration: String, decoder: EventDecoder,
        letterLimit: Int, metrics: ShopperMetrics, probe: StageProbe = .silent, audit: RecallAudit? = nil
    ) {
        self.model = model
        self.catalogue = catalogue
        self.settings = settings
        self.decoder = decoder
        letters = DeadLetterOffice(topic: settings.topic, limit: letterLimit)
        self.metrics = metrics
        lists = ListMaker(
            model: model, settings: settings, configuration: configuration, probe: probe, audit: audit)
        stepper = Stepper(model: model)
        self.probe = probe
    }

    public func decode(_ record: LogRecord) -> Intake<Event> {
        switch decoder.decode(key: record.key, value: record.value, timestamp: record.timestamp) {
        case .event(let event):
            return .keyed(StateKey(event.shopper.tagged), event)
        case .refused(let fault):
            metrics.refused(fault.reason)
            return .refused(letters.letter(record, fault))
        }
    }

    public func restore(_ bytes: [UInt8]?, key: StateKey) throws(StreamError) -> ShopperRecord {
        guard let bytes else { return ShopperRecord(shopper: key) }
        return try ShopperRecord(bytes: bytes, shopper: key)
    }

    public func store(_ state: ShopperRecord) -> [UInt8] { state.bytes }

    public func sharedKeys(of entries: [Entry<Event>], states: [ShopperRecord]) -> [StateKey] { [] }

    public func restoreShared(_ bytes: [UInt8]?, key: StateKey) throws(StreamError) -> Never {
        throw StreamError(.corrupt, "\(key): shoppers share no records")
    }

    public func storeShared(_ shared: Never) -> [UInt8] {}

    public func apply(
        _ entries: [Entry<Event>], to states: inout [ShopperRecord], sharing shared: inout SharedRecords<Never>
    ) throws(StreamError) -> Outcome<Receipt> {
        let snapshot = catalogue.snapshot
        var receipt = Receipt()
        var records: [OutputRecord] = []
        for index in states.indices { rebuild(&states[index], snapshot) }
        var lastApplied = [Int?](repeating: nil, count: states.count)
        for wave in waves(entries, states: states.count) {
            let applied = wave.filter { keep(entries[$0], in: &states[entries[$0].state], snapshot, &receipt) }
            probe.time(.step) { stepper.step(applied.map { entries[$0].state }, of: &states) }
            for index in applied { lastApplied[entries[index].state] = index }
            if settings.refresh == .everyEvent {
                records += try publish(applied.map { entries[$0] }, states, snapshot, &receipt)
            }
        }
        if settings.refresh == .batch {
            records = try publish(
                lastApplied.compactMap { $0 }.sorted().map { entries[$0] }, states, snapshot, &receipt)
        }
        return Outcome(records: records, receipt: receipt)
    }

    public func committed(_ receipt: Receipt) { metrics.committed(receipt) }

    /// Entries by how many of the same shopper come before them in the batch.
    private func waves(_ entries: [Entry<Event>], states: Int) -> [[Int]] {
        var waves: [[Int]] = []
        var seen = [Int](repeating: 0, count: states)
        for (index, entry) in entries.enumerated() {
            let wave = seen[entry.state]
            seen[entry.state] += 1
            if wave == waves.count { waves.append([]) }
            waves[wave].append(index)
        }
        return waves
    }

    /// Adds the event to its shopper's history; false for a repeat, which changes nothing.
    private func keep(
        _ entry: Entry<Event>, in record: inout ShopperRecord, _ snapshot: CatalogueSnapshot, _ receipt: inout Receipt
    ) -> Bool {
        let event = entry.input
        let isTrained = model.row(of: event.item) != nil
        let vector = isTrained ? nil : snapshot.newItems[event.item]
        guard record.keep(event, vector: vector, settings: settings) == .applied else {
            receipt.outcomes[EventOutcome(action: event.action, fate: .duplicate), default: 0] += 1
            return false
        }
        let fate: EventOutcome.Fate = isTrained || vector != nil ? .applied : .unknownItem
        receipt.outcomes[EventOutcome(action: event.action, fate: fate), default: 0] += 1
        return true
    }

    /// Brings a record of another model to this one: the recurrence again, over the entries that are kept.
    private func rebuild(_ record: inout ShopperRecord, _ snapshot: CatalogueSnapshot) {
        guard record.model != model.version else { return }
        record.model = model.version
        record.startedAt = record.sequence &- UInt64(record.entries.count)
        record.state = .none
        for index in record.entries.indices {
            let item = record.entries[index].item
            record.entries[index].vector = model.row(of: item) == nil ? snapshot.newItems[item] : nil
            stepper.step(entry: record.entries[index], state: &record.state)
        }
    }

    private func publish(
        _ entries: [Entry<Event>], _ states: [ShopperRecord], _ snapshot: CatalogueSnapshot, _ receipt: inout Receipt
    ) throws(StreamError) -> [OutputRecord] {
        receipt.listed += entries.map(\.timestamp)
        return try lists.make(for: entries, of: states, snapshot)
    }
}
