import Commerce
import Foundation
import LinearAlgebra
import TwoTower

/// The two towers as they serve: every event moves its shopper's state by one step, a list is scored with the state before the
/// event, and, if the items move, every event moves its item too.
final class TowerRecommender: Recommender {
    /// What takes part in a score beside the towers' dot product.
    struct Parts: Equatable {
        /// The sparse channel of the checkpoint.
        var sparse: Bool
        /// The items' movement with the stream.
        var moving: Bool
    }

    private let log: EvaluationLog
    private let model: Model
    private let items: TowerItems
    private let sparse: SparseChannel?
    private let moving: MovingItems?
    private let sparseScratch: SparseChannel.Scratch?
    private let stepScratch: StepScratch
    /// [users, stateSize]
    private let states: FloatBuffer
    /// Per user the time of the latest event, and the session it bore.
    private var latest: [Int64?]
    private var sessions: [String?]
    /// [Runner.batch, d]: the users' vectors of the slots.
    private let users: FloatBuffer
    private var slots = 0
    /// Per slot the extra scores of the sparse channel, by row of the log.
    private var extras = [[(row: Int32, score: Float)]](repeating: [], count: Runner.batch)
    private var mends: BatchMends
    private let scale: Float

    /// - Throws: `EvaluationError` where the catalogue does not fit the model.
    init(_ log: EvaluationLog, _ model: Model, _ parts: Parts) throws(EvaluationError) {
        self.log = log
        self.model = model
        let items = try TowerItems(log, model)
        self.items = items
        sparse = parts.sparse ? model.channels.sparse : nil
        sparseScratch = sparse?.makeScratch()
        stepScratch = model.makeScratch()
        states = FloatBuffer(count: log.users.count * model.stateSize)
        latest = [Int64?](repeating: nil, count: log.users.count)
        sessions = [String?](repeating: nil, count: log.users.count)
        users = FloatBuffer(count: Runner.batch * model.dimension)
        mends = BatchMends(dimension: model.dimension)
        scale = model.scale
        let initial = model.initialState
        for user in log.users.indices {
            (states.pointer + user * model.stateSize).update(from: initial, count: model.stateSize)
        }
        moving = parts.moving ? model.channels.motion.map { Self.moving($0, log, model, items) } : nil
    }

    private static func moving(
        _ rule: MotionRule, _ log: EvaluationLog, _ model: Model, _ items: TowerItems
    ) -> MovingItems {
        var popularity = [Float](repeating: 0, count: log.items.count)
        for (row, item) in items.logRow.enumerated() where item >= 0 {
            popularity[Int(item)] = model.channels.popularity[row]
        }
        return MovingItems(
            rule: rule, base: items.vectors, hasBase: items.hasVector, isKnown: items.modelRow.map { $0 >= 0 },
            dimension: model.dimension, popularity: popularity, time: model.channels.time)
    }

    func observe(_ event: LogEvent, role: Split.Role) {
        let user = Int(event.user)
        let state = states.pointer + user * model.stateSize
        if role == .streamed, let moving { touch(event, state, moving) }
        guard let input = items.input(Int(event.item)) else { return }
        var action = event.action
        var gap = latest[user].map { max(0, event.time - $0) }
        let full = log.event(at: event.row)
        var changes = false
        if let session = full.sessionID {
            changes = sessions[user].map { $0 != session } ?? false
            sessions[user] = session
        }
        model.step(
            StepBatch(
                count: 1, states: state, inputs: input, actions: &action, gaps: &gap, sessionChanges: &changes),
            scratch: stepScratch)
        latest[user] = max(latest[user] ?? event.time, event.time)
    }

    private func touch(_ event: LogEvent, _ state: UnsafePointer<Float>, _ moving: MovingItems) {
        let item = Int(event.item)
        mends.keep(item, of: moving)
        let before = log.events(of: event.user).prefix(event.position)
        guard event.position > 0, !before.contains(where: { log.item(at: $0) == event.item }) else {
            moving.touch(item, state: nil, time: event.time)
            return
        }
        withUnsafeTemporaryAllocation(of: Float.self, capacity: model.dimension) { vector in
            guard let vector = vector.baseAddress else { return }
            model.readout(states: state, count: 1, into: vector)
            for i in 0..<model.dimension { vector[i] /= scale }
            moving.touch(item, state: vector, time: event.time)
        }
    }

    func ask(_ query: Query, slot: Int) {
        let d = model.dimension
        let user = users.pointer + slot * d
        model.readout(states: states.pointer + Int(query.user) * model.stateSize, count: 1, into: user)
        if slot == 0 {
            mends.removeAll()
            moving?.refresh(at: query.time)
        }
        if let moving { mends.ask(slot, user: user, scale: scale, of: moving) }
        extras[slot] = []
        if let sparse, let sparseScratch {
            let history = log.events(of: query.user).prefix(query.historyLength)
            let last = history.reversed().lazy.map { [log, items] row -> Int? in
                let model = items.modelRow[Int(log.item(at: row))]
                return model < 0 ? nil : Int(model)
            }
            extras[slot] = sparse.scores(ofLast: last, scratch: sparseScratch).compactMap { row, score in
                let item = items.logRow[Int(row)]
                return item < 0 ? nil : (item, score)
            }
        }
        slots = slot + 1
    }

    func score(into scores: MatrixView<Float>) {
        let (n, d) = (log.items.count, model.dimension)
        let vectors = moving?.vectors ?? items.vectors
        let able = moving?.hasVector ?? items.hasVector
        let coordinates = moving.flatMap { $0.rule.popularityWeight > 0 ? $0.coordinates : nil }
        Self.multiply(users, rows: slots, vectors, items: n, dimension: d, into: scores)
        for slot in 0..<slots {
            let row = UnsafeMutableBufferPointer(start: scores.pointer + slot * n, count: n)
            if let coordinates { for item in 0..<n { row[item] += scale * coordinates[item] } }
            for item in 0..<n where !able[item] { row[item] = -.infinity }
            mends.mend(row, slot: slot, user: users.pointer + slot * d, scale: scale)
            for (item, score) in extras[slot] { row[Int(item)] += score }
        }
    }

    /// scores [rows, items] = users · vectorsᵀ, on all cores: each takes a part of the items.
    private static func multiply(
        _ users: FloatBuffer, rows: Int, _ vectors: FloatBuffer, items: Int, dimension: Int,
        into scores: MatrixView<Float>
    ) {
        let target = SharedScores(view: scores)
        Parallel.ranges(of: rows) { _, range in
            Blas.multiply(
                MatrixView(users.pointer + range.lowerBound * dimension, rows: range.count, columns: dimension), .plain,
                MatrixView(vectors.pointer, rows: items, columns: dimension), .transposed,
                into: target.view.slice(from: range.lowerBound, count: range.count))
        }
    }

    private struct SharedScores: @unchecked Sendable {
        // Unchecked: each piece of the loop writes rows of its own.
        let view: MatrixView<Float>
    }
}
