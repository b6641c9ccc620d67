/// How far a search looks around: before anything is known, and after that.
public struct SearchBreadth: Sendable, Hashable, CustomStringConvertible {
    /// What a search begins with where nothing tells of other numbers.
    public static let usual = (regions: 12, lists: 3)

    /// Regions that are opened before it is known what a score must reach; those that promise most.
    public var regions: Int
    /// Lists that are looked into then; those that promise most.
    public var lists: Int
    /// How much better than its centroid an item is expected to be at most, in units of the query's length and the radius of the list
    /// or region: what promises too little is left out. Infinite if nothing is.
    public var slack: Float

    public init(regions: Int = usual.regions, lists: Int = usual.lists, slack: Float) {
        self.regions = regions
        self.lists = lists
        self.slack = slack
    }

    /// Nothing is left out.
    public static let everything = SearchBreadth(slack: .infinity)

    /// Whether nothing is left out.
    public var isExhaustive: Bool { slack == .infinity }

    /// Part of an index's version.
    public var description: String { "\(regions)-\(lists)-\(slack)" }
}
