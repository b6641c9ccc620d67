import Commerce
import Configuration
import Retrieval

/// What a boost or a pin is for: `brand Acme`, `category Home > Kitchen`, `item i17`, `new`, `price 5..20`.
public enum RuleCondition: Hashable, Sendable {
    case brand(String)
    case category(CategoryPath)
    case item(ItemID)
    case new
    case price(PriceRange)

    /// The same for the search.
    public var condition: ItemCondition {
        switch self {
        case .brand(let brand): .brand(brand)
        case .category(let path): .category(path.names)
        case .item(let item): .items([item])
        case .new: .new
        case .price(let range): .price(range.bounds)
        }
    }
}

extension RuleCondition: WrittenValue {
    public static var kind: String {
        "a condition such as brand Acme, category Home > Kitchen, item i17, new, price 5..20"
    }

    private static let attributes = ["brand", "category", "item", "new", "price"]

    public init(parsing text: String) throws(Refusal) {
        let words = text.trimmed.split(maxSplits: 1, whereSeparator: \.isWhitespace)
        let (attribute, value) = (String(words.first ?? ""), words.count > 1 ? words[1].trimmed : "")
        switch attribute {
        case "new" where value.isEmpty: self = .new
        case "new": throw Refusal("new stands alone; leave \(value) out")
        case "brand" where !value.isEmpty: self = .brand(value)
        case "category" where !value.isEmpty: self = .category(try CategoryPath(part: value))
        case "item" where !value.isEmpty: self = .item(try ItemID(part: value))
        case "price" where !value.isEmpty: self = .price(try PriceRange(part: value))
        case "brand", "category", "item", "price", "": throw Refusal("what it is for is missing; write \(Self.kind)")
        default: throw .unknown(attribute, known: Self.attributes)
        }
    }

    public var text: String {
        switch self {
        case .brand(let brand): "brand " + brand
        case .category(let path): "category " + path.text
        case .item(let item): "item " + item.rawValue
        case .new: "new"
        case .price(let range): "price " + range.text
        }
    }
}

extension ItemID: WrittenValue {
    public static var kind: String { "an item id of 1 to \(Identifier.maximumLength) bytes" }

    public init(parsing text: String) throws(Refusal) {
        guard 1...Identifier.maximumLength ~= text.utf8.count else { throw Refusal() }
        self.init(text)
    }

    public var text: String { rawValue }
}

extension Refusal {
    /// Nothing is called so.
    static func unknown(_ attribute: String, known: [String]) -> Refusal {
        Refusal(
            "no attribute is called \(attribute) (there are \(known.joined(separator: ", ")))"
                + Suggestion.clause(for: attribute, among: known))
    }
}
