import Configuration
import Streaming

/// The stage knows nothing of configuration.
extension ListRules.Cap: WrittenValue {
    public static var kind: String { "a cap such as brand = 2, category = 3, category 1 = 4" }

    public init(parsing text: String) throws(Refusal) {
        guard let (left, right) = Assignment.atLast(text) else { throw Refusal() }
        let attribute = try Self.attribute(left)
        guard let limit = Int(right), limit >= 1 else { throw Refusal("\(right) is not an integer from 1") }
        self.init(attribute, limit: limit)
    }

    private static func attribute(_ text: String) throws(Refusal) -> Attribute {
        let words = text.split(whereSeparator: \.isWhitespace)
        switch words.first {
        case "brand" where words.count == 1: return .brand
        case "category" where words.count == 1: return .category
        case "category":
            guard words.count == 2, let level = Int(words[1]), level >= 1 else {
                throw Refusal("the level of a category is an integer from 1; write category 1")
            }
            return .categoryLevel(level)
        case "brand": throw Refusal("brand stands alone; a cap is for every brand")
        case .some(let word): throw .unknown(String(word), known: ["brand", "category"])
        case nil: throw Refusal()
        }
    }

    public var text: String { "\(attribute.text) = \(limit)" }
}

extension ListRules.Cap.Attribute {
    /// As a cap names it.
    var text: String {
        switch self {
        case .brand: "brand"
        case .category: "category"
        case .categoryLevel(let level): "category \(level)"
        }
    }
}
