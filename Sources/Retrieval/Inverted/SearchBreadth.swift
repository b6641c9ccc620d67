/// How far a search looks around: before anything is known, and after that.
public struct SearchBreadth: Sendable, Hashable, CustomStringConvertible {
    /// What a search begins with where nothing tells of other numbers.
    public static let usual = (regions: 12, lists: 3)

    /// Regions that are opened, and lists that are looked into, before it is known what a score must reach; those that promise
    /// most. For a user from whom a filter keeps items the usual number of lists at least.
    public var (regions, lists): (Int, Int)
    /// How much better than its centroid an item is expected to be at most, in units of the query's length and the radius of the list
    /// or region: what promises too little is left out. Infinite if nothing is.
    public var slack: Float
    /// The same for a user from whom a filter keeps items, which may be what lies next to the user: seldom less.
    public var filteredSlack: Float

    /// - Parameter filteredSlack: nil for the same as `slack`.
    public init(
        regions: Int = usual.regions, lists: Int = usual.lists, slack: Float, filteredSlack: Float? = nil
    ) {
        (self.regions, self.lists) = (regions, lists)
        (self.slack, self.filteredSlack) = (slack, filteredSlack ?? slack)
    }

    /// Nothing is left out.
    public static let everything = SearchBreadth(slack: .infinity)

    /// Whether nothing is left out.
    public var isExhaustive: Bool { slack == .infinity }

    /// Part of an index's version.
    public var description: String { "\(regions)-\(lists)-\(slack)-\(filteredSlack)" }
}
