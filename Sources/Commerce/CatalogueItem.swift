/// A product as the shop's catalogue describes it: the decoded form of a record of the `catalogue` topic.
public struct CatalogueItem: Equatable, Sendable {
    public var item: ItemID
    public var title: String?
    /// The category path, widest first: `["Home", "Kitchen"]`.
    public var category: [String]
    public var brand: String?
    public var description: String?
    /// In units of `currency` (19.9, not 1990).
    public var price: Double?
    public var currency: String?
    /// False keeps the item out of lists until a record says otherwise; absent means true.
    public var inStock: Bool
    /// Where the item is sold, each once; empty means everywhere.
    public var markets: [String]
    public var link: String?
    public var imageLink: String?
    /// Outputs of other models by name (an image's or a text's embedding).
    public var vectors: [String: [Float]]

    public init(
        item: ItemID, title: String? = nil, category: [String] = [], brand: String? = nil, description: String? = nil,
        price: Double? = nil, currency: String? = nil, inStock: Bool = true, markets: [String] = [],
        link: String? = nil,
        imageLink: String? = nil,
        vectors: [String: [Float]] = [:]
    ) {
        self.item = item
        self.title = title
        self.category = category
        self.brand = brand
        self.description = description
        self.price = price
        self.currency = currency
        self.inStock = inStock
        self.markets = markets
        self.link = link
        self.imageLink = imageLink
        self.vectors = vectors
    }
}
