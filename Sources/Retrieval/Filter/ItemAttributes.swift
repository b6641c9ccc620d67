/// What filters and rules see of an item, beside its vector.
public struct ItemAttributes: Hashable, Sendable {
    /// What many items have in common: an index keeps each once.
    public struct Profile: Hashable, Sendable {
        /// The category path, widest first; empty where it is not known.
        public var category: [String]
        public var brand: String?
        /// Where the item is sold; empty means everywhere.
        public var markets: [String]

        public init(category: [String] = [], brand: String? = nil, markets: [String] = []) {
            self.category = category
            self.brand = brand
            self.markets = markets
        }
    }

    public var profile: Profile
    /// In whatever unit the shop counts; nil where it is not known.
    public var price: Float?
    public var inStock: Bool

    public init(profile: Profile = Profile(), price: Float? = nil, inStock: Bool = true) {
        self.profile = profile
        self.price = price
        self.inStock = inStock
    }

    /// Of an item of which nothing is known: in stock, and sold everywhere.
    public static let unknown = ItemAttributes()
}
