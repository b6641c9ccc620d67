import Commerce

/// Every shopper's events in order of time, one shopper after the other in flat arrays.
package struct Histories: Sendable {
    /// Shopper s has events `starts[s]..<starts[s + 1]`.
    package private(set) var starts: [Int] = [0]
    /// Rows of the log's items, per event.
    package private(set) var items: [Int32] = []
    package private(set) var actions: [Action] = []
    /// Milliseconds since 1970, per event.
    package private(set) var times: [Int64] = []
    /// Bucket of the time since the same shopper's previous event.
    package private(set) var gaps: [UInt8] = []
    /// Whether the event begins a visit: a row of the visit embedding.
    package private(set) var visits: [UInt8] = []
    /// The attributes that are worth an embedding: those of the whole log, whatever part of it is here.
    package let attributes: AttributeVocabulary
    /// Per set of attributes of the log, its rows in `attributes`.
    private let rowsOfSet: [[Int32]]
    /// Per event its set of attributes.
    private var attributeSets: [Int32] = []
    /// Whether the shopper did anything to the item before.
    package private(set) var isRepeat: [Bool] = []

    /// All events of `log`; equal times keep the order of appending.
    package init(_ log: TrainingLog) {
        attributes = AttributeVocabulary(log)
        rowsOfSet = log.attributeSets.map(attributes.rows)
        var counts = [Int](repeating: 0, count: log.shopperCount + 1)
        for entry in log.entries { counts[Int(entry.shopper) + 1] += 1 }
        for shopper in 0..<log.shopperCount { counts[shopper + 1] += counts[shopper] }
        // Sorted by time, with the index to keep ties in order, then dealt to the shoppers.
        let byTime = log.entries.indices.sorted { (log.entries[$0].time, $0) < (log.entries[$1].time, $1) }
        var order = [Int](repeating: 0, count: log.count)
        var next = counts
        for index in byTime {
            let shopper = Int(log.entries[index].shopper)
            order[next[shopper]] = index
            next[shopper] += 1
        }
        items = order.map { log.entries[$0].item }
        actions = order.map { log.entries[$0].action }
        times = order.map { log.entries[$0].time }
        starts = counts
        attributeSets = order.map { log.entries[$0].attributes }
        gaps = [UInt8](repeating: 0, count: order.count)
        visits = [UInt8](repeating: 1, count: order.count)
        isRepeat = [Bool](repeating: false, count: order.count)
        for shopper in 0..<log.shopperCount {
            var seen: Set<Int32> = []
            var session: UInt64?
            for index in events(of: shopper) {
                let next = log.entries[order[index]].session
                isRepeat[index] = !seen.insert(items[index]).inserted
                if index > starts[shopper] {
                    let gap = times[index].subtractingReportingOverflow(times[index - 1])
                    let milliseconds = gap.overflow ? Int64.max : gap.partialValue
                    gaps[index] = UInt8(GapBucket.of(milliseconds: milliseconds))
                    visits[index] = UInt8(
                        Visit.row(gap: milliseconds, changesSession: Visit.changes(from: session, to: next)))
                }
                session = next ?? session
            }
        }
    }

    /// `other` without its held-out events, which are the last ones of their shoppers: what the rest is stays as it was.
    package init(_ other: Histories, without heldOut: [Bool]) {
        attributes = other.attributes
        rowsOfSet = other.rowsOfSet
        for shopper in 0..<other.shopperCount {
            for event in other.events(of: shopper) where !heldOut[event] {
                items.append(other.items[event])
                actions.append(other.actions[event])
                times.append(other.times[event])
                gaps.append(other.gaps[event])
                visits.append(other.visits[event])
                attributeSets.append(other.attributeSets[event])
                isRepeat.append(other.isRepeat[event])
            }
            starts.append(items.count)
        }
    }

    /// Shoppers of the log, those without an event included.
    package var shopperCount: Int { starts.count - 1 }

    /// Events of all shoppers.
    package var eventCount: Int { items.count }

    /// The positions of a shopper's events.
    package func events(of shopper: Int) -> Range<Int> { starts[shopper]..<starts[shopper + 1] }

    /// The rows of an event's attributes.
    package func attributes(of event: Int) -> [Int32] { rowsOfSet[Int(attributeSets[event])] }

    /// How often each of `count` items occurs.
    package func itemCounts(_ count: Int) -> [Int32] {
        var counts = [Int32](repeating: 0, count: count)
        for item in items { counts[Int(item)] += 1 }
        return counts
    }
}
