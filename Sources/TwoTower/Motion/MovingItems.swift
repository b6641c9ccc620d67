import LinearAlgebra

/// All items of a shop as they move with the stream: `MotionRule` applied touch by touch.
///
/// What a production stage keeps per item is what stands here per row: the sum of states, their number, and the decayed
/// popularity with its time.
public final class MovingItems {
    public let rule: MotionRule
    /// Number of items and length of their vectors.
    public let count: Int
    public let dimension: Int
    /// [count, d]: the vectors as they are now.
    package let vectors: FloatBuffer
    /// Whether an item has a vector by now: trained, of features, or of touches.
    public private(set) var hasVector: [Bool]
    /// Per item, its coordinate of popularity, in units of a cosine: as of its last touch or the last `refresh`.
    public private(set) var coordinates: [Float]
    /// Items that were touched since the last `refresh`, in order, repeats included.
    public private(set) var touched: [Int32] = []

    private let base: FloatBuffer
    private let hasBase: [Bool]
    private let isKnown: [Bool]
    private let sums: FloatBuffer
    private var touches: [Float]
    private var popularity: [Float]
    /// Milliseconds since 1970 of each item's popularity.
    private var times: [Int64]

    /// Items at rest.
    ///
    /// - Parameters:
    ///   - base: [count, d] trained or feature vectors; kept, not copied, and not changed.
    ///   - hasBase: whether an item has one.
    ///   - isKnown: whether the checkpoint knows the item.
    ///   - popularity: per item its decayed touches at `time` (milliseconds since 1970).
    package init(
        rule: MotionRule, base: FloatBuffer, hasBase: [Bool], isKnown: [Bool], dimension: Int, popularity: [Float],
        time: Int64
    ) {
        self.rule = rule
        self.base = base
        self.hasBase = hasBase
        self.isKnown = isKnown
        self.dimension = dimension
        count = hasBase.count
        vectors = FloatBuffer(count: count * dimension)
        vectors.pointer.update(from: base.pointer, count: count * dimension)
        sums = FloatBuffer(count: count * dimension)
        touches = [Float](repeating: 0, count: count)
        hasVector = hasBase
        self.popularity = popularity
        times = [Int64](repeating: time, count: count)
        coordinates = popularity.map { rule.coordinate($0) }
    }

    /// An event on an item.
    ///
    /// - Parameters:
    ///   - state: [d] the shopper's unit vector before the event; nil where there was none, or where the shopper had touched the
    ///     item before: that counts for popularity alone.
    ///   - time: milliseconds since 1970.
    package func touch(_ item: Int, state: UnsafePointer<Float>?, time: Int64) {
        popularity[item] = rule.decayed(popularity[item], elapsed: Self.elapsed(from: times[item], to: time)) + 1
        times[item] = max(times[item], time)
        coordinates[item] = rule.coordinate(popularity[item])
        touched.append(Int32(item))
        guard let state, rule.moves(known: isKnown[item]) else { return }
        let sum = sums.pointer + item * dimension
        for i in 0..<dimension { sum[i] += state[i] }
        touches[item] += 1
        rule.vector(
            base: hasBase[item] ? UnsafePointer(base.pointer + item * dimension) : nil, sum: sum,
            touches: touches[item],
            known: isKnown[item], dimension: dimension, into: vectors.pointer + item * dimension)
        hasVector[item] = true
    }

    /// Lets the popularity of all items fall to what it is at `time`, and forgets which were touched.
    package func refresh(at time: Int64) {
        touched.removeAll(keepingCapacity: true)
        guard rule.popularityWeight > 0 else { return }
        for item in 0..<count where popularity[item] > 0 {
            let elapsed = Self.elapsed(from: times[item], to: time)
            coordinates[item] = rule.coordinate(rule.decayed(popularity[item], elapsed: elapsed))
        }
    }

    private static func elapsed(from start: Int64, to end: Int64) -> Double { Double(end) - Double(start) }
}
