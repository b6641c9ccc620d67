import Foundation
import LinearAlgebra

/// The held-out events as a stream: what every shopper's vector was before each of them, and which of them are queries.
///
/// Made once for trained parameters; the channels' constants are then tried on it without a step of the tower.
final class ValidationReplay: @unchecked Sendable {
    // Unchecked: written in `init` alone, where each piece of the parallel loop writes rows of its own.

    /// One held-out event.
    struct Event {
        var item: Int32
        /// Milliseconds since 1970.
        var time: Int64
        /// Whether the shopper had a vector before the event, and the event is the shopper's first on the item: only these
        /// move an item's vector.
        var movesItem: Bool
    }

    /// An event whose item is asked for.
    struct Query {
        /// Index of the event in `events`.
        var event: Int
        /// The shopper's events before it, as positions in the histories.
        var history: Range<Int>
    }

    /// Events and queries that are looked at, at most: the first of the period.
    private static let maximumEvents = 60_000
    private static let maximumQueries = 3000
    private static let queriesPerShopper = 10
    /// Events of one shopper that are read at most, the latest.
    private static let maximumHistory = 2000

    let histories: Histories
    let dimension: Int
    /// In order of time.
    let events: [Event]
    /// In order of their events.
    let queries: [Query]
    /// [events, d]: the shoppers' unit vectors before the events; zero where there was none.
    let users: FloatBuffer
    /// [items of the log, d]: trained vectors, or feature vectors of items that training has not seen.
    let items: FloatBuffer
    let hasVector: [Bool]
    let isKnown: [Bool]
    /// The factor on cosine scores.
    let scale: Float

    /// - Parameters:
    ///   - histories: of all events.
    ///   - heldOut: per event whether it is of the period.
    ///   - trained: how often each item occurs outside the period.
    init(
        histories: Histories, heldOut: [Bool], trained: [Int32], layout: TowerLayout, bags: FeatureBags,
        parameters: FloatBuffer, seed: UInt64
    ) {
        self.histories = histories
        let d = layout.shape.dimension
        dimension = d
        let pass = ItemPass(layout: layout, bags: bags, capacity: trained.count)
        pass.select((0..<Int32(trained.count)).map { $0 }) { trained[Int($0)] > 0 }
        Parallel.ranges(of: trained.count) { _, range in pass.forward(range, parameters: parameters.pointer) }
        items = pass.vectors
        isKnown = trained.map { $0 > 0 }
        let able = trained.indices.map { trained[$0] > 0 || !bags.isEmpty($0) }
        hasVector = able
        scale = exp(parameters.pointer[layout.logScale.offset])

        var period = heldOut.indices.filter { heldOut[$0] }
        period.sort { (histories.times[$0], $0) < (histories.times[$1], $1) }
        period = Array(period.prefix(Self.maximumEvents))
        var place = [Int: Int](minimumCapacity: period.count)
        for (index, event) in period.enumerated() { place[event] = index }
        let users = FloatBuffer(count: period.count * d)
        self.users = users
        let shoppers = (0..<histories.shopperCount).filter { shopper in
            histories.events(of: shopper).last.map { heldOut[$0] } ?? false
        }
        let places = place
        Parallel.ranges(of: shoppers.count) { _, range in
            var memory: SequencePass?
            for shopper in shoppers[range] {
                let all = histories.events(of: shopper)
                guard let last = all.last(where: { places[$0] != nil }), last > all.lowerBound else { continue }
                let read = max(all.lowerBound, last - Self.maximumHistory)..<last
                var sequence = PackedSequences()
                for event in read {
                    let item = Int(histories.items[event])
                    sequence.append(event, of: histories, item: able[item] ? Int32(item) : -1)
                }
                sequence.starts = [0, read.count]
                if (memory?.capacity ?? 0) < read.count {
                    memory = SequencePass(layout: layout, capacity: max(256, 2 * read.count), dropout: 0)
                }
                guard let memory else { continue }
                memory.forward(
                    sequence, vectors: pass.vectors.pointer, parameters: parameters.pointer, generator: nil)
                for event in read.lowerBound + 1...last {
                    guard let row = places[event] else { continue }
                    let target = users.pointer + row * d
                    target.update(from: memory.output.pointer + (event - 1 - read.lowerBound) * d, count: d)
                    _ = ItemTower.normalise(target, dimension: d)
                }
            }
        }
        events = period.map { event in
            Event(
                item: histories.items[event], time: histories.times[event],
                movesItem: !histories.isRepeat[event] && histories.gaps[event] != GapBucket.of(milliseconds: nil))
        }
        queries = Self.queries(of: shoppers, histories, heldOut, places, seed: seed)
    }

    private static func queries(
        of shoppers: [Int], _ histories: Histories, _ heldOut: [Bool], _ places: [Int: Int], seed: UInt64
    ) -> [Query] {
        var generator = SplitMix64(seed: seed, streams: 3)
        var queries: [Query] = []
        for shopper in shoppers.shuffled(using: &generator) where queries.count < maximumQueries {
            let all = histories.events(of: shopper)
            for event in all.dropFirst().filter({ heldOut[$0] && !histories.isRepeat[$0] }).prefix(queriesPerShopper) {
                if let row = places[event] { queries.append(Query(event: row, history: all.lowerBound..<event)) }
            }
        }
        return queries.sorted { $0.event < $1.event }
    }
}
