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
    /// Whether the shopper did anything to the item before.
    package private(set) var isRepeat: [Bool] = []

    /// All events of `log`; equal times keep the order of appending.
    package init(_ log: TrainingLog) {
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
        self.init(shoppers: log.shopperCount) { shopper, append in
            for index in order[counts[shopper]..<counts[shopper + 1]] {
                append(log.entries[index].item, log.entries[index].action, log.entries[index].time)
            }
        }
    }

    /// The events of `other` that are not held out, as if the rest had never been.
    package init(_ other: Histories, without heldOut: [Bool]) {
        self.init(shoppers: other.shopperCount) { shopper, append in
            for index in other.events(of: shopper) where !heldOut[index] {
                append(other.items[index], other.actions[index], other.times[index])
            }
        }
    }

    /// Calls `events` for every shopper, who appends that shopper's events in order.
    private init(shoppers: Int, events: (Int, (Int32, Action, Int64) -> Void) -> Void) {
        for shopper in 0..<shoppers {
            var seen: Set<Int32> = []
            events(shopper) { item, action, time in
                if let before = items.count > starts[shopper] ? times[times.count - 1] : nil {
                    let gap = time.subtractingReportingOverflow(before)
                    gaps.append(UInt8(GapBucket.of(milliseconds: gap.overflow ? Int64.max : gap.partialValue)))
                } else {
                    gaps.append(UInt8(GapBucket.of(milliseconds: nil)))
                }
                items.append(item)
                actions.append(action)
                times.append(time)
                isRepeat.append(!seen.insert(item).inserted)
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

    /// How often each of `count` items occurs.
    package func itemCounts(_ count: Int) -> [Int32] {
        var counts = [Int32](repeating: 0, count: count)
        for item in items { counts[Int(item)] += 1 }
        return counts
    }
}
