import Commerce
import Configuration
import Retrieval

/// Which items may be in lists at all.
public struct FilterSettings: ConfigurationSection {
    /// Whether what is out of stock is left out.
    public var inStock: Bool
    /// Nil for any price and none.
    public var price: PriceRange?
    /// Empty for every category.
    public var categories: [CategoryPath]
    public var categoriesExcluded: [CategoryPath]
    /// Empty for every brand.
    public var brands: [String]
    public var brandsExcluded: [String]
    /// Empty for every item.
    public var allow: [ItemID]
    public var deny: [ItemID]
    /// Whether what is in the shopper's cart is left out.
    public var inCart: Bool

    /// Declares and reads the keys.
    public init(reading keys: inout KeyReader) {
        inStock = keys.value(
            "filters.in_stock", default: true, "true leaves out what is out of stock; false lets it into lists.")
        price = keys.optional(
            "filters.price",
            "Prices of a list's items, in the catalogue's units; an item without a price is left out.")
        categories = keys.value(
            "filters.categories", default: [], shown: "none",
            "Only items whose category path begins with one of these. None: every category.")
        categoriesExcluded = keys.value(
            "filters.categories_excluded", default: [], shown: "none",
            "No items whose category path begins with one of these.")
        brands = keys.value(
            "filters.brands", default: [], shown: "none", accepting: .each(.notEmpty),
            "Only items of these brands. None: every brand.")
        brandsExcluded = keys.value(
            "filters.brands_excluded", default: [], shown: "none", accepting: .each(.notEmpty),
            "No items of these brands.")
        allow = keys.value(
            "filters.allow", default: [], shown: "none", "Only these items. None: every item.")
        deny = keys.value("filters.deny", default: [], shown: "none", "None of these items.")
        inCart = keys.value(
            "filters.in_cart", default: true,
            "true leaves out what is in the shopper's cart; false lets it into lists.")
        check(&keys)
    }

    /// Refuses what is let in and left out at once.
    private func check(_ keys: inout KeyReader) {
        for item in allow where deny.contains(item) {
            keys.refuse("filters.allow", "\(item.rawValue) is in filters.deny as well; keep it in one of them")
        }
        for brand in brands where brandsExcluded.contains(brand) {
            keys.refuse("filters.brands", "\(brand) is in filters.brands_excluded as well; keep it in one of them")
        }
        for path in categories {
            guard let excluded = categoriesExcluded.first(where: { path.lies(in: $0) }) else { continue }
            keys.refuse(
                "filters.categories",
                path == excluded
                    ? "\(path.text) is in filters.categories_excluded as well; keep it in one of them"
                    : "\(path.text) lies in \(excluded.text), which filters.categories_excluded leaves out; drop one of them"
            )
        }
    }

    /// The key that leaves out every item that is so; nil where none does.
    func key(leavingOut condition: RuleCondition) -> String? {
        switch condition {
        case .item(let item) where deny.contains(item): "filters.deny"
        case .item(let item) where !allow.isEmpty && !allow.contains(item): "filters.allow"
        case .brand(let brand) where brandsExcluded.contains(brand): "filters.brands_excluded"
        case .brand(let brand) where !brands.isEmpty && !brands.contains(brand): "filters.brands"
        case .category(let path) where categoriesExcluded.contains { path.lies(in: $0) }: "filters.categories_excluded"
        case .category(let path)
        where !categories.isEmpty && !categories.contains { path.lies(in: $0) || $0.lies(in: path) }:
            "filters.categories"
        case .price(let range) where price.map { !$0.bounds.overlaps(range.bounds) } ?? false: "filters.price"
        default: nil
        }
    }

    /// What every item of a list must be like; the cart is the shopper's own matter.
    public var condition: ItemCondition {
        var conditions: [ItemCondition] = []
        if inStock { conditions.append(.inStock) }
        if let price { conditions.append(.price(price.bounds)) }
        if !categories.isEmpty { conditions.append(.any(categories.map { .category($0.names) })) }
        conditions += categoriesExcluded.map { .not(.category($0.names)) }
        if !brands.isEmpty { conditions.append(.any(brands.map { .brand($0) })) }
        conditions += brandsExcluded.map { .not(.brand($0)) }
        if !allow.isEmpty { conditions.append(.items(Set(allow))) }
        if !deny.isEmpty { conditions.append(.not(.items(Set(deny)))) }
        return .all(conditions)
    }

    /// The settings as texts, equal for equal ones however they were written.
    var canonicalForm: [String] {
        [
            inStock.text, price?.text ?? "", categories.canonical, categoriesExcluded.canonical, brands.canonical,
            brandsExcluded.canonical, allow.canonical, deny.canonical, inCart.text,
        ]
    }
}

extension Array where Element: ConfigurationValue & Hashable {
    /// Each element once, by the bytes of their texts.
    var canonical: String {
        Set(self).sorted { $0.text.utf8.lexicographicallyPrecedes($1.text.utf8) }.text
    }
}
