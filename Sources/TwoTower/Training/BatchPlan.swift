import Commerce

/// How a log is cut into batches: each shopper's history in segments of bounded length, segments packed into batches of a
/// bounded number of events, each batch dealt to the shards.
package struct BatchPlan {
    /// A run of one shopper's events that a batch takes as one sequence.
    private struct Segment {
        var events: Range<Int>
        /// End of the shopper's history: the target of the last event may lie beyond the segment.
        var end: Int
    }

    /// The sequences of one batch, one pack per shard, with the log's item rows as items and targets.
    package struct Batch {
        package var shards: [PackedSequences]

        package init(shards: [PackedSequences]) { self.shards = shards }

        var targets: Int { shards.reduce(0) { $0 + $1.targets.count } }
    }

    private let histories: Histories
    private let settings: TrainingSettings
    private let next: NextItems
    private var segments: [Segment] = []
    /// Segments of each batch.
    private var batches: [Range<Int>] = []

    /// Cuts and shuffles anew for an epoch.
    init(_ histories: Histories, settings: TrainingSettings, generator: inout SplitMix64) {
        self.histories = histories
        self.settings = settings
        next = NextItems(histories)
        let length = settings.sequenceLength
        for shopper in 0..<histories.shopperCount {
            let events = histories.events(of: shopper)
            guard events.count > 1 else { continue }
            // Long histories are cut at another place each time, so that no event always lacks its past.
            var start = events.lowerBound
            var end = events.count > length ? start + Int.random(in: 1...length, using: &generator) : events.upperBound
            while start < events.upperBound {
                let segment = Segment(events: start..<end, end: events.upperBound)
                if segment.events.contains(where: { next.target(after: $0, end: segment.end) != nil }) {
                    segments.append(segment)
                }
                start = end
                end = min(start + length, events.upperBound)
            }
        }
        segments.shuffle(using: &generator)
        var first = 0
        var size = 0
        for (index, segment) in segments.enumerated() {
            size += segment.events.count
            if size >= settings.batchEvents || index == segments.count - 1 {
                batches.append(first..<index + 1)
                first = index + 1
                size = 0
            }
        }
    }

    var count: Int { batches.count }

    /// Events that one shard holds at most.
    static func capacity(_ settings: TrainingSettings) -> Int { settings.batchEvents + 2 * settings.sequenceLength }

    /// Batch `index` of the epoch. Some inputs become the unknown item by chance, so that its vector is learned.
    func batch(_ index: Int, shards: Int, generator: inout SplitMix64) -> Batch {
        var packs = [PackedSequences](repeating: PackedSequences(), count: shards)
        for segment in segments[batches[index]] {
            let shard = packs.indices.min { packs[$0].positions < packs[$1].positions } ?? 0
            for event in segment.events {
                if let target = next.target(after: event, end: segment.end) {
                    packs[shard].targetPositions.append(Int32(packs[shard].positions))
                    packs[shard].targets.append(histories.items[target])
                }
                let unknown = generator.uniform() < Self.unknownShare
                packs[shard].append(event, of: histories, item: unknown ? -1 : histories.items[event])
            }
            packs[shard].starts.append(packs[shard].positions)
        }
        return Batch(shards: packs)
    }

    /// Share of inputs that are shown as the unknown item.
    private static let unknownShare = 0.01
}
