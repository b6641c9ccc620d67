import LinearAlgebra

/// Turns a row of scores into a rank and a list. Not for use by several threads.
package struct Ranker {
    /// Items of a list.
    package static let listLength = 20
    /// Scores looked at together: they stay in the first cache.
    private static let block = 1024

    private var indices = [UInt32](repeating: 0, count: Ranker.block)
    private var list = TopList()

    package init() {}

    /// The place of `target` among all items outside `history`, and the first of them.
    ///
    /// One total order decides both: the higher score, then any other item before the target, then the lower row. So a
    /// target that ties ranks behind its equals, and the list never contradicts the rank.
    ///
    /// - Parameters:
    ///   - scores: [items]; those of the history and those that are not a number are overwritten with -infinity.
    ///   - history: distinct items, and whether the target is one of them: then its rank is behind all candidates.
    package mutating func rank(
        _ scores: UnsafeMutableBufferPointer<Float>, target: Int32, history: some Collection<Int32>
    ) -> (rank: Int, top: [Int32]) {
        for item in history { scores[Int(item)] = -.infinity }
        let isCandidate = !history.contains(target)
        let own = scores[Int(target)]
        let isScored = isCandidate && own > -.infinity
        scores[Int(target)] = -.infinity
        var atLeast = 0
        list.removeAll()
        for start in stride(from: 0, to: scores.count, by: Self.block) {
            let part = UnsafeMutableBufferPointer(rebasing: scores[start..<min(start + Self.block, scores.count)])
            if isScored { for score in part { atLeast += score >= own ? 1 : 0 } }
            let found = indices.withUnsafeMutableBufferPointer {
                Kernels.select(from: list.threshold, of: UnsafeBufferPointer(part), into: $0)
            }
            for index in indices[..<found] { list.insert(part[Int(index)], Int32(start + Int(index))) }
        }
        // All candidates but the target, were it one.
        let others = scores.count - history.count - (isCandidate ? 1 : 0)
        let rank = isScored ? atLeast + 1 : others + 1
        var top = list.items
        if isScored, rank <= Self.listLength {
            top.insert(target, at: rank - 1)
            top = Array(top.prefix(Self.listLength))
        }
        return (rank, top)
    }
}

/// The best few of what is offered in ascending order of items: higher scores first, of equals the lower item.
private struct TopList {
    private var scores: [Float] = []
    private(set) var items: [Int32] = []

    /// What an item must reach to be worth offering: above -infinity, which stands for no score.
    private(set) var threshold = -Float.greatestFiniteMagnitude

    mutating func removeAll() {
        scores.removeAll(keepingCapacity: true)
        items.removeAll(keepingCapacity: true)
        threshold = -Float.greatestFiniteMagnitude
    }

    /// Takes the item in if it belongs there; it is larger than every item before.
    mutating func insert(_ score: Float, _ item: Int32) {
        if items.count == Ranker.listLength {
            guard let last = scores.last, score > last else { return }
            scores.removeLast()
            items.removeLast()
        }
        var place = scores.count
        while place > 0, scores[place - 1] < score { place -= 1 }
        scores.insert(score, at: place)
        items.insert(item, at: place)
        if items.count == Ranker.listLength, let last = scores.last { threshold = last }
    }
}
