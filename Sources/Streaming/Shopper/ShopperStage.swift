import Commerce
import Retrieval
import TwoTower

/// The shoppers' stage: an event moves its shopper's state one step and refreshes the shopper's list.
///
/// Events of one batch are worked off in waves: the first event of every shopper, then the second, and so on, so that
/// the tower steps many shoppers together while each shopper's own order is kept. Then they are gone through once more in the order
/// of offsets, to count what trends and to make the lists that go by it.
public final class ShopperStage: KeyedStage {
    public struct Receipt: Sendable {
        /// Events by action and by what became of them.
        var outcomes: [EventOutcome: Int] = [:]
        /// Record timestamps of the events at which lists were published.
        var listed: [EventTime] = []
        /// Slots of these lists by how they were filled.
        var slots: [RecommendationList.Origin: Int] = [:]
        /// Slots that these lists lack.
        var missingSlots = 0

        mutating func count(_ list: RecommendationList, recordedAt time: EventTime) {
            listed.append(time)
            for origin in RecommendationList.Origin.allCases {
                let count = list.slots.count { $0.origin == origin }
                if count > 0 { slots[origin, default: 0] += count }
            }
            missingSlots += list.shortfall
        }
    }

    /// What the waves leave to the pass in the order of offsets.
    private struct Course {
        /// Whether the event was applied, by entry.
        var isApplied: [Bool]
        /// The market of the shopper at an event that was applied, by entry.
        var market: [String?]
        /// The lists made, by entry.
        var lists: [RecommendationList?]
        /// The records, as they were at their entries, of shoppers whose lists go by what trends.
        var unknown: [Int: ShopperRecord] = [:]

        init(count: Int) {
            isApplied = Array(repeating: false, count: count)
            market = Array(repeating: nil, count: count)
            lists = Array(repeating: nil, count: count)
        }
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

    public func sharedKeys(of entries: [Entry<Event>], states: [ShopperRecord]) -> [StateKey] {
        guard let attribute = settings.marketAttribute else { return TrendingItems.keys(of: []) }
        // An event's market is its own, that of an event before it in the batch, or that of the record before the batch.
        return TrendingItems.keys(
            of: states.compactMap { $0.market(by: attribute) } + entries.compactMap { $0.input.attributes[attribute] })
    }

    public func restoreShared(_ bytes: [UInt8]?, key: StateKey) throws(StreamError) -> ItemCounts {
        try ItemCounts(bytes: bytes, key: key, halfLife: settings.trendingHalfLife)
    }

    public func storeShared(_ shared: ItemCounts) -> [UInt8] { shared.bytes }

    public func apply(
        _ entries: [Entry<Event>], to states: inout [ShopperRecord], sharing shared: inout SharedRecords<ItemCounts>
    ) throws(StreamError) -> Outcome<Receipt> {
        let snapshot = catalogue.snapshot
        var receipt = Receipt()
        for index in states.indices { rebuild(&states[index], snapshot) }
        var course = Course(count: entries.count)
        var lastApplied = [Int?](repeating: nil, count: states.count)
        let waves = waves(entries, states: states.count)
        /// Applies events of different shoppers.
        func advance(_ wave: [Int]) -> [Int] {
            let applied = wave.filter { keep(entries[$0], in: &states[entries[$0].state], snapshot, &receipt) }
            stepper.step(applied.map { entries[$0].state }, of: &states)
            for index in applied {
                let state = entries[index].state
                lastApplied[state] = index
                course.isApplied[index] = true
                course.market[index] = states[state].market(by: settings.marketAttribute)
            }
            return applied
        }
        switch settings.refresh {
        case .everyEvent:
            for wave in waves {
                let applied = probe.time(.step) { advance(wave) }
                try list(applied, entries, states, snapshot, &course)
            }
        case .batch:
            probe.time(.step) { for wave in waves { _ = advance(wave) } }
            try list(lastApplied.compactMap { $0 }.sorted(), entries, states, snapshot, &course)
        }
        followTrends(entries, snapshot, &course, &shared)
        for (entry, list) in zip(entries, course.lists) {
            if let list { receipt.count(list, recordedAt: entry.timestamp) }
        }
        return Outcome(records: try lists.records(course.lists.compactMap { $0 }), receipt: receipt)
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
        let row = model.row(of: event.item)
        let vector = row == nil ? snapshot.vector(ofNew: event.item) : nil
        guard record.keep(event, vector: vector, settings: settings) == .applied else {
            receipt.outcomes[EventOutcome(action: event.action, fate: .duplicate), default: 0] += 1
            return false
        }
        record.rows.add(row, lastOf: record.entries)
        let fate: EventOutcome.Fate = row != nil || vector != nil ? .applied : .unknownItem
        receipt.outcomes[EventOutcome(action: event.action, fate: fate), default: 0] += 1
        return true
    }

    /// Brings a record of another model to this one: the recurrence again, over the entries that are kept.
    private func rebuild(_ record: inout ShopperRecord, _ snapshot: CatalogueSnapshot) {
        guard record.model != model.version else {
            if !record.rows.areOf(record.entries) { record.rows.lookUp(record.entries, in: model) }
            return
        }
        record.rows.lookUp(record.entries, in: model)
        record.model = model.version
        record.startedAt = record.sequence &- UInt64(record.entries.count)
        record.state = .none
        for index in record.entries.indices {
            let item = record.entries[index].item
            record.entries[index].vector = model.row(of: item) == nil ? snapshot.vector(ofNew: item) : nil
            stepper.step(entry: record.entries[index], state: &record.state)
        }
    }

    /// Makes the lists at the entries of these indexes, by the states as they are now; those that go by what trends have to wait.
    private func list(
        _ indexes: [Int], _ entries: [Entry<Event>], _ states: [ShopperRecord], _ snapshot: CatalogueSnapshot,
        _ course: inout Course
    ) throws(StreamError) {
        var known: [Int] = []
        for index in indexes {
            let state = entries[index].state
            if lists.knows(states[state]) { known.append(index) } else { course.unknown[index] = states[state] }
        }
        let made = try lists.personal(at: known.map { entries[$0] }, of: states, snapshot)
        for (index, list) in zip(known, made) { course.lists[index] = list }
    }

    /// Counts every event that was applied, in the order of offsets, and makes the lists that wait for it where they stand in that
    /// order: so a list tells of all events up to its own, however the log was cut into batches.
    private func followTrends(
        _ entries: [Entry<Event>], _ snapshot: CatalogueSnapshot, _ course: inout Course,
        _ shared: inout SharedRecords<ItemCounts>
    ) {
        var trending = TrendingItems(shared)
        for index in entries.indices where course.isApplied[index] {
            let market = course.market[index]
            if entries[index].input.action != .cartRemoval {
                trending.count(entries[index].input.item, at: entries[index].input.time, in: market)
            }
            if let record = course.unknown[index] {
                course.lists[index] = lists.trending(at: entries[index], of: record, in: market, trending, snapshot)
            }
        }
        shared = trending.shared
    }
}
