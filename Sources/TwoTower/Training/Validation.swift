import LinearAlgebra

/// Measures recall on events that training has not seen: the share of events on items new to their shopper that were among
/// the first of the list after the shopper's event before.
final class Validation: @unchecked Sendable {
    // Unchecked: each piece of a parallel loop writes its own pass and its own count.
    private let layout: TowerLayout
    private let items: ItemPass
    /// Per item of the log: its row among the scored ones, or -1 if nothing is known of it.
    private let rowOfItem: [Int32]
    private let pieces: [Piece]
    private let histories: Histories

    /// The work of one piece of the parallel loop.
    private final class Piece {
        var shoppers: [Int] = []
        var hits = Hits()
        var pass: SequencePass?
    }

    /// Queries per shopper and in all at most.
    private static let queriesPerShopper = 10
    private static let maximumQueries = 10_000
    /// Events of one shopper that are read at most, the latest.
    private static let maximumHistory = 2000

    /// Number of queries.
    let queries: Int
    /// First event, event after the last query, and queries of each chosen shopper.
    private let chosen: [Int: (events: Range<Int>, queries: [Int])]

    /// - Parameters:
    ///   - histories: of all events.
    ///   - heldOut: per event, whether training does not see it: the events that queries are made of.
    ///   - trained: how often each item occurs in the events that training sees.
    init(
        histories: Histories, heldOut: [Bool], trained: [Int32], layout: TowerLayout, bags: FeatureBags, seed: UInt64
    ) {
        self.histories = histories
        self.layout = layout
        let scored = trained.indices.filter { trained[$0] > 0 || !bags.isEmpty($0) }.map(Int32.init)
        var rows = [Int32](repeating: -1, count: trained.count)
        for (row, item) in scored.enumerated() { rows[Int(item)] = Int32(row) }
        rowOfItem = rows
        items = ItemPass(layout: layout, bags: bags, capacity: scored.count)
        items.select(scored) { trained[Int($0)] > 0 }
        var generator = SplitMix64(seed: seed, streams: 1)
        var chosen: [Int: (events: Range<Int>, queries: [Int])] = [:]
        var queries = 0
        let pieces = (0..<Parallel.pieces).map { _ in Piece() }
        for shopper in Array(0..<histories.shopperCount).shuffled(using: &generator) where queries < Self.maximumQueries
        {
            let all = histories.events(of: shopper)
            let mine = all.dropFirst().filter { heldOut[$0] && !histories.isRepeat[$0] }.prefix(
                Self.queriesPerShopper)
            guard let last = mine.last else { continue }
            let first = max(all.lowerBound, last - Self.maximumHistory)
            let kept = mine.filter { $0 > first }
            chosen[shopper] = (first..<last, Array(kept))
            pieces[queries % pieces.count].shoppers.append(shopper)
            queries += kept.count
        }
        self.queries = queries
        self.chosen = chosen
        self.pieces = pieces
    }

    /// The recall of these parameters.
    func measure(_ parameters: FloatBuffer) -> Hits.Figure {
        Parallel.ranges(of: items.active.count) { _, range in items.forward(range, parameters: parameters.pointer) }
        Parallel.pieces { index in
            let piece = pieces[index]
            piece.hits = Hits()
            for shopper in piece.shoppers { count(shopper, parameters, piece) }
        }
        var hits = Hits()
        for piece in pieces { hits.add(piece.hits) }
        return hits.figure(queries: queries)
    }

    /// Adds a shopper's hits to the piece's.
    private func count(_ shopper: Int, _ parameters: FloatBuffer, _ piece: Piece) {
        guard let (events, queries) = chosen[shopper], !queries.isEmpty else { return }
        var sequence = PackedSequences()
        for event in events { sequence.append(event, of: histories, item: rowOfItem[Int(histories.items[event])]) }
        sequence.starts = [0, events.count]
        let pass: SequencePass
        if let existing = piece.pass, existing.capacity >= events.count {
            pass = existing
        } else {
            pass = SequencePass(layout: layout, capacity: max(256, 2 * events.count), dropout: 0)
            piece.pass = pass
        }
        pass.forward(sequence, vectors: items.vectors.pointer, parameters: parameters.pointer, generator: nil)
        let d = layout.shape.dimension
        let users = FloatBuffer(count: queries.count * d)
        for (row, query) in queries.enumerated() {
            (users.pointer + row * d).update(from: pass.output.pointer + (query - 1 - events.lowerBound) * d, count: d)
        }
        let scores = FloatBuffer(count: queries.count * items.active.count)
        Blas.multiply(
            MatrixView(users.pointer, rows: queries.count, columns: d), .plain,
            MatrixView(items.vectors.pointer, rows: items.active.count, columns: d), .transposed,
            into: MatrixView(scores.pointer, rows: queries.count, columns: items.active.count))
        let start = histories.events(of: shopper).lowerBound
        for (row, query) in queries.enumerated() {
            let line = UnsafeMutableBufferPointer(
                start: scores.pointer + row * items.active.count, count: items.active.count)
            piece.hits.add(above: rank(line, target: query, history: start..<query))
        }
    }

    /// How many items outside the history score at least as high as the target.
    private func rank(_ scores: UnsafeMutableBufferPointer<Float>, target: Int, history: Range<Int>) -> Int {
        let row = Int(rowOfItem[Int(histories.items[target])])
        guard row >= 0 else { return .max }
        for event in history {
            let seen = Int(rowOfItem[Int(histories.items[event])])
            if seen >= 0 { scores[seen] = -.infinity }
        }
        return Hits.above(row, in: UnsafeBufferPointer(scores))
    }
}
