import Retrieval

/// Counts a list's items against the caps.
struct CapCounts {
    private let caps: [ListRules.Cap]
    private var counts: [Group: Int] = [:]

    /// The items that one cap counts together.
    private struct Group: Hashable {
        let attribute: ListRules.Cap.Attribute
        let value: [String]
    }

    init(_ caps: [ListRules.Cap]) { self.caps = caps }

    /// Whether one more item like this is within every cap.
    func allow(_ profile: ItemAttributes.Profile) -> Bool {
        caps.allSatisfy { cap in
            Self.group(of: profile, cap.attribute).map { counts[$0, default: 0] < cap.limit } ?? true
        }
    }

    /// Takes an item into the list.
    mutating func count(_ profile: ItemAttributes.Profile) {
        for cap in caps {
            if let group = Self.group(of: profile, cap.attribute) { counts[group, default: 0] += 1 }
        }
    }

    /// Nil where the item lacks the attribute.
    private static func group(of profile: ItemAttributes.Profile, _ attribute: ListRules.Cap.Attribute) -> Group? {
        let value =
            switch attribute {
            case .brand: profile.brand.map { [$0] } ?? []
            case .category: profile.category
            case .categoryLevel(let level): Array(profile.category.prefix(level))
            }
        return value.isEmpty ? nil : Group(attribute: attribute, value: value)
    }
}
