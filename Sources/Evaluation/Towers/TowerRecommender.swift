import LinearAlgebra
import TwoTower

/// A trained two-tower model as a method: the user's state moves one step per event, items move with the stream where the
/// model has a rule for that, and the sparse channel adds its neighbours.
///
/// The non-sequential network is the same method over a model that was trained so.
package final class TowerRecommender: Recommender {
    /// What takes part in a score beside the towers' dot product.
    package struct Parts: Equatable {
        /// The sparse channel of the checkpoint.
        package var sparse: Bool
        /// The items' movement with the stream.
        package var moving: Bool

        package init(sparse: Bool, moving: Bool) {
            self.sparse = sparse
            self.moving = moving
        }
    }

    private let log: EvaluationLog
    private let model: Model
    private let items: TowerItems
    private let walker: StateWalker
    private let motion: MovingItems?
    private let sparse: SparseChannel?
    private let sparseScratch: SparseChannel.Scratch?
    /// Queries and touches since the last settling, in order of the log, and the vector [d] of each one's user.
    private var happenings: [Happening] = []
    private let vectors: FloatBuffer
    private let users: FloatBuffer
    private var seen: SeenItems

    /// What a batch has to go through in order.
    private struct Happening {
        var moment: StateWalker.Moment
        var item: Int32
        var time: Int64
        /// The query's slot; nil for a touch.
        var slot: Int?
        /// Of a touch, whether it is the user's first on the item.
        var isFirst: Bool
    }

    /// Touches that may gather while nobody asks, for settling is more work the smaller the portion.
    private static let portion = 2048

    /// - Throws: `EvaluationError` where a supplied vector of the catalogue does not fit the model.
    package init(_ log: EvaluationLog, _ model: Model, _ parts: Parts) throws(EvaluationError) {
        Blas.useCallingThreadOnly()
        self.model = model
        self.log = log
        let items = try TowerItems(model, log)
        self.items = items
        walker = StateWalker(model, log, items)
        let d = model.dimension
        motion =
            (parts.moving ? model.channels.motion : nil).map { rule in
                MovingItems(
                    rule: rule, base: items.vectors, hasBase: items.hasVector,
                    isKnown: items.modelRows.map { $0 >= 0 }, dimension: d,
                    popularity: items.modelRows.map { row in
                        row >= 0 && Int(row) < model.channels.popularity.count
                            ? model.channels.popularity[Int(row)] : 0
                    }, time: model.channels.time)
            }
        sparse = parts.sparse ? model.channels.sparse : nil
        sparseScratch = sparse?.makeScratch()
        vectors = FloatBuffer(count: (Self.portion + Runner.batch) * d)
        users = FloatBuffer(count: Runner.batch * d)
        seen = SeenItems(log)
    }

    package func observe(_ event: LogEvent, role: Split.Role) {
        guard motion != nil, role == .streamed else { return }
        happenings.append(
            Happening(
                moment: StateWalker.Moment(user: event.user, position: event.position), item: event.item,
                time: event.time, slot: nil, isFirst: seen.isFirst(event)))
        // Within a batch of queries the portion may be used up too: then the batch's moves are settled with its scores.
        if happenings.count == Self.portion, !happenings.contains(where: { $0.slot != nil }) { settle(nil) }
    }

    package func ask(_ query: Query, slot: Int) {
        happenings.append(
            Happening(
                moment: StateWalker.Moment(user: query.user, position: query.historyLength), item: query.target,
                time: query.time, slot: slot, isFirst: true))
    }

    package func score(into scores: MatrixView<Float>) { settle(scores) }

    /// Goes through what has happened: scores with the items as they were at the start, mended for those that have moved
    /// until each query.
    private func settle(_ scores: MatrixView<Float>?) {
        guard let first = happenings.first else { return }
        let d = model.dimension
        let vectors = happenings.count * d <= vectors.count ? vectors : FloatBuffer(count: happenings.count * d)
        walker.read(happenings.map(\.moment), into: vectors)
        motion?.refresh(at: first.time)
        if let scores {
            for (index, happening) in happenings.enumerated() {
                guard let slot = happening.slot else { continue }
                (users.pointer + slot * d).update(from: vectors.pointer + index * d, count: d)
            }
            DenseScores.fill(scores, users: users, items: motion?.vectors ?? items.vectors, width: d)
        }
        for (index, happening) in happenings.enumerated() {
            let vector = vectors.pointer + index * d
            if let slot = happening.slot {
                guard let scores else { continue }
                let line = UnsafeMutableBufferPointer(
                    start: scores.pointer + slot * scores.columns, count: scores.columns)
                finish(line, of: vector, happening.moment)
            } else {
                let hasState = ItemTower.normalise(vector, dimension: d) > 0
                motion?.touch(
                    Int(happening.item), state: hasState && happening.isFirst ? UnsafePointer(vector) : nil,
                    time: happening.time)
            }
        }
        happenings.removeAll(keepingCapacity: true)
    }

    /// Brings a query's dense scores to what they are at its time, and adds what stands beside them.
    private func finish(
        _ line: UnsafeMutableBufferPointer<Float>, of user: UnsafePointer<Float>, _ moment: StateWalker.Moment
    ) {
        let d = model.dimension
        if let motion {
            let own = UnsafeBufferPointer(start: user, count: d)
            for item in motion.touched {
                let moved = UnsafeBufferPointer(start: motion.vectors.pointer + Int(item) * d, count: d)
                line[Int(item)] = Kernels.dot(own.span, moved.span)
            }
            if motion.rule.popularityWeight > 0 {
                motion.coordinates.withUnsafeBufferPointer { coordinates in
                    for item in line.indices { line[item] += model.scale * coordinates[item] }
                }
            }
        }
        if let sparse, let sparseScratch {
            let rows = items.lastRows(of: moment.user, before: moment.position, log)
            for (row, extra) in sparse.scores(ofLast: rows, scratch: sparseScratch) {
                let item = items.itemRows[Int(row)]
                if item >= 0 { line[Int(item)] += extra }
            }
        }
        (motion?.hasVector ?? items.hasVector).withUnsafeBufferPointer { able in
            for item in line.indices where !able[item] { line[item] = -.infinity }
        }
    }
}

/// Whether an event is its user's first on the item.
private struct SeenItems {
    private let log: EvaluationLog
    /// Per user, the items of the first events, and how many those are.
    private var items: [Int32: (seen: Set<Int32>, upTo: Int)] = [:]

    init(_ log: EvaluationLog) { self.log = log }

    mutating func isFirst(_ event: LogEvent) -> Bool {
        let events = log.events(of: event.user)
        var (seen, upTo) = items.removeValue(forKey: event.user) ?? ([], 0)
        for row in events.dropFirst(upTo).prefix(event.position - upTo) { seen.insert(log.item(at: row)) }
        upTo = event.position + 1
        let isFirst = seen.insert(event.item).inserted
        items[event.user] = (seen, upTo)
        return isFirst
    }
}
