import Commerce

/// What an item must be like.
public indirect enum ItemCondition: Hashable, Sendable {
    case inStock
    /// A price within the bounds, both included; an item without a price has none.
    case price(ClosedRange<Float>)
    /// The category path begins with this one; the empty path is the beginning of every one.
    case category([String])
    case brand(String)
    /// Sold in the market, or everywhere.
    case market(String)
    case items(Set<ItemID>)
    /// Without a number in the index: what the checkpoint does not know.
    case new
    case not(ItemCondition)
    case any([ItemCondition])
    case all([ItemCondition])

    /// Whether an item is so.
    public func holds(for item: ItemID, _ attributes: ItemAttributes, isNew: Bool) -> Bool {
        switch self {
        case .inStock: attributes.inStock
        case .price(let range): attributes.price.map(range.contains) ?? false
        case .category(let path): attributes.profile.category.starts(with: path)
        case .brand(let brand): attributes.profile.brand == brand
        case .market(let market): attributes.profile.markets.isEmpty || attributes.profile.markets.contains(market)
        case .items(let items): items.contains(item)
        case .new: isNew
        case .not(let condition): !condition.holds(for: item, attributes, isNew: isNew)
        case .any(let conditions): conditions.contains { $0.holds(for: item, attributes, isNew: isNew) }
        case .all(let conditions): conditions.allSatisfy { $0.holds(for: item, attributes, isNew: isNew) }
        }
    }
}
