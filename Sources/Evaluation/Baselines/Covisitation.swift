import Foundation
import LinearAlgebra
import Synchronization

/// How often items follow or precede one another in users' training histories, weighted by how near: sparse by rows.
struct Covisitation: Sendable {
    /// What counts as a co-visit.
    struct Settings: Sendable, Hashable {
        /// Events ahead and behind that are looked at.
        var window: Int
        /// Weight of a neighbour k events away: decay^(k - 1).
        var decay: Double
        /// Weight of what came before, beside 1 for what came after.
        var backward: Double
        /// Events of the log after which a co-visit counts half; infinite for never.
        var halfLife: Double
    }

    /// Row i has the entries `starts[i]..<starts[i + 1]`: columns ascending, weights above 0, its own item left out.
    private(set) var starts: [Int] = [0]
    private(set) var columns: [Int32] = []
    private(set) var weights: [Float] = []
    /// Per item the weighted number of its training events.
    private(set) var totals: [Float]

    /// Neighbours kept of an item: the heaviest. It bounds memory, at 8 bytes each.
    static let limit = 2000

    init(_ log: EvaluationLog, _ split: Split, _ settings: Settings) {
        let pass = Pass(log, split, settings)
        let items = log.items.count
        totals = pass.totals
        let rows = pass.rows(items)
        starts.reserveCapacity(items + 1)
        let entries = rows.reduce(0) { $0 + $1.columns.count }
        columns.reserveCapacity(entries)
        weights.reserveCapacity(entries)
        for row in rows {
            columns += row.columns
            weights += row.weights
            starts.append(columns.count)
        }
    }
}

/// The neighbours of one item.
private struct NeighbourRow: Sendable {
    var columns: [Int32] = []
    var weights: [Float] = []
}

/// One count over all histories, laid out user after user.
private struct Pass {
    private let settings: Covisitation.Settings
    /// Items of the training events, user after user, and the weight of each event by age.
    private var items: [Int32] = []
    private var ages: [Float] = []
    /// First event of the event's user, and the one after the last.
    private var lower: [Int32] = []
    private var upper: [Int32] = []
    /// Item i occurs at the places `order[starts[i]..<starts[i + 1]]` of `items`.
    private var starts: [Int]
    private var order: [Int32]
    private(set) var totals: [Float]

    init(_ log: EvaluationLog, _ split: Split, _ settings: Covisitation.Settings) {
        self.settings = settings
        let last = split.roles.lastIndex(of: .training) ?? 0
        for user in log.users.indices {
            let rows = log.events(of: Int32(user)).filter { split.roles[Int($0)] == .training }
            let first = Int32(items.count)
            for row in rows {
                items.append(log.item(at: row))
                ages.append(Float(exp2(-Double(last - Int(row)) / settings.halfLife)))
                lower.append(first)
                upper.append(first + Int32(rows.count))
            }
        }
        starts = [Int](repeating: 0, count: log.items.count + 1)
        totals = [Float](repeating: 0, count: log.items.count)
        for (place, item) in items.enumerated() {
            starts[Int(item) + 1] += 1
            totals[Int(item)] += ages[place]
        }
        for item in log.items.indices { starts[item + 1] += starts[item] }
        order = [Int32](repeating: 0, count: items.count)
        var next = starts
        for (place, item) in items.enumerated() {
            order[next[Int(item)]] = Int32(place)
            next[Int(item)] += 1
        }
    }

    /// The rows of all items. Threads take them in portions; a row does not depend on which.
    func rows(_ count: Int) -> [NeighbourRow] {
        let portion = 256
        let portions = (count + portion - 1) / portion
        let done = Mutex([[NeighbourRow]](repeating: [], count: portions))
        let next = Atomic(0)
        let forward = (0..<settings.window).map { Float(pow(settings.decay, Double($0))) }
        Parallel.pieces { _ in
            var sums = [Float](repeating: 0, count: count)
            while true {
                let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
                guard index < portions else { break }
                let range = index * portion..<min(count, (index + 1) * portion)
                let rows = range.map { row(Int32($0), forward, &sums) }
                done.withLock { $0[index] = rows }
            }
        }
        return done.withLock { $0.flatMap { $0 } }
    }

    private func row(_ item: Int32, _ forward: [Float], _ sums: inout [Float]) -> NeighbourRow {
        var touched: [Int32] = []
        func add(_ place: Int, _ weight: Float) {
            let other = items[place]
            guard other != item, weight > 0 else { return }
            if sums[Int(other)] == 0 { touched.append(other) }
            sums[Int(other)] += weight
        }
        for place in order[starts[Int(item)]..<starts[Int(item) + 1]].map(Int.init) {
            for next in place + 1..<max(place + 1, min(Int(upper[place]), place + 1 + forward.count)) {
                add(next, forward[next - place - 1] * ages[next])
            }
            guard settings.backward > 0 else { continue }
            for before in max(Int(lower[place]), place - forward.count)..<place {
                add(before, forward[place - before - 1] * Float(settings.backward) * ages[place])
            }
        }
        if touched.count > Covisitation.limit {
            touched.sort { (sums[Int($1)], $0) < (sums[Int($0)], $1) }
            for other in touched[Covisitation.limit...] { sums[Int(other)] = 0 }
            touched.removeSubrange(Covisitation.limit...)
        }
        touched.sort()
        let row = NeighbourRow(columns: touched, weights: touched.map { sums[Int($0)] })
        for other in touched { sums[Int(other)] = 0 }
        return row
    }
}
