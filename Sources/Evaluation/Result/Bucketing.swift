/// Into which kinds queries are told apart.
public enum Bucketing {
    /// Cold users have at most so many events before the query.
    public static let coldHistory = 3

    /// Lower ends of the buckets of history length.
    static let history = [1, 2, 4, 10, 30, 100]
    /// Lower ends of the buckets of an item's training events.
    static let popularity = [0, 1, 5, 20, 100]

    /// The bucket of a value, by their lower ends.
    static func index(of value: Int, in ends: [Int]) -> Int { max(0, ends.count { $0 <= value } - 1) }

    /// `0`, `1-4`, `100+`.
    static func labels(_ ends: [Int]) -> [String] {
        ends.indices.map { index in
            guard index + 1 < ends.count else { return "\(ends[index])+" }
            let last = ends[index + 1] - 1
            return last == ends[index] ? "\(last)" : "\(ends[index])-\(last)"
        }
    }
}
