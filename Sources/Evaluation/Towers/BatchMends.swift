import LinearAlgebra
import TwoTower

/// What a batch of queries needs where items move between them: a batch is scored with the items as they are at its end, so
/// that every query has to take back what happened after it.
struct BatchMends {
    private let dimension: Int
    /// Items touched since the batch began, in order, each with what it was before the first touch.
    private var touched: [(item: Int, vector: [Float], coordinate: Float, hasVector: Bool)] = []
    private var seen: Set<Int> = []
    /// Per slot the scores of the items touched before it, as they were then: the first so many of `touched`.
    private var asked: [[Float]] = []

    init(dimension: Int) { self.dimension = dimension }

    /// Begins a batch.
    mutating func removeAll() {
        touched.removeAll(keepingCapacity: true)
        seen.removeAll(keepingCapacity: true)
        asked.removeAll(keepingCapacity: true)
    }

    /// To be called before an item is touched.
    mutating func keep(_ item: Int, of moving: MovingItems) {
        guard seen.insert(item).inserted else { return }
        let vector = Array(UnsafeBufferPointer(start: moving.vectors.pointer + item * dimension, count: dimension))
        touched.append((item, vector, moving.coordinates[item], moving.hasVector[item]))
    }

    /// Scores the items touched so far for a slot.
    mutating func ask(_ slot: Int, user: UnsafePointer<Float>, scale: Float, of moving: MovingItems) {
        asked.append(
            touched.map { entry in
                guard moving.hasVector[entry.item] else { return -.infinity }
                let vector = UnsafePointer(moving.vectors.pointer + entry.item * dimension)
                return Self.dot(user, vector, dimension) + scale * moving.coordinates[entry.item]
            })
    }

    /// Puts the scores of all items touched in the batch right for a slot.
    func mend(
        _ row: UnsafeMutableBufferPointer<Float>, slot: Int, user: UnsafePointer<Float>, scale: Float
    ) {
        guard slot < asked.count else { return }
        for (place, entry) in touched.enumerated() {
            if place < asked[slot].count {
                row[entry.item] = asked[slot][place]
            } else if entry.hasVector {
                row[entry.item] = Self.dot(user, entry.vector, dimension) + scale * entry.coordinate
            } else {
                row[entry.item] = -.infinity
            }
        }
    }

    private static func dot(_ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ d: Int) -> Float {
        Kernels.dot(UnsafeBufferPointer(start: a, count: d).span, UnsafeBufferPointer(start: b, count: d).span)
    }
}
