import Commerce
import Retrieval

/// When what a shopper has bought may be recommended again.
public struct Repurchase: Equatable, Sendable {
    /// When an item of one kind may come back.
    public enum Rule: Hashable, Sendable {
        case never
        case always
        /// This long after its last purchase, in event time.
        case after(milliseconds: Int64)

        /// Whether an item may come back whose last purchase is so many milliseconds ago; nil where that is not known.
        func allows(after elapsed: Int64?) -> Bool {
            switch self {
            case .never: false
            case .always: true
            case .after(let milliseconds): elapsed.map { $0 >= milliseconds } ?? false
            }
        }
    }

    /// For items that no category's rule is for.
    public var standard: Rule
    /// By the beginning of the category path; the longest one counts.
    public var byCategory: [[String]: Rule]

    public init(_ standard: Rule, byCategory: [[String]: Rule] = [:]) {
        self.standard = standard
        self.byCategory = byCategory
    }

    /// Nothing comes back.
    public static let never = Repurchase(.never)

    /// Whether no item comes back, whatever it is and however long ago it was bought.
    public var isNever: Bool { standard == .never && byCategory.values.allSatisfy { $0 == .never } }

    /// What may come back when its last purchase is so long ago at least.
    ///
    /// - Parameter milliseconds: nil where that is not known.
    public func comesBack(after milliseconds: Int64?) -> ItemCondition {
        let paths = byCategory.keys.sorted { $0.lexicographicallyPrecedes($1) }
        func isOnly(_ path: [String]) -> ItemCondition {
            let deeper = paths.filter { $0.count > path.count && $0.starts(with: path) }
            return .all([.category(path)] + deeper.map { .not(.category($0)) })
        }
        var conditions = paths.filter { byCategory[$0]?.allows(after: milliseconds) ?? false }.map(isOnly)
        if standard.allows(after: milliseconds) { conditions.append(isOnly([])) }
        return .any(conditions)
    }

    /// The rule for items of a category path.
    public func rule(for category: [String]) -> Rule {
        guard !byCategory.isEmpty else { return standard }
        for length in stride(from: category.count, through: 1, by: -1) {
            if let rule = byCategory[Array(category.prefix(length))] { return rule }
        }
        return standard
    }

    /// Whether an item of this profile may be in a list made at `now`, an event time.
    public func mayBeBoughtAgain(
        lastPurchase: EventTime, now: EventTime, profile: ItemAttributes.Profile
    ) -> Bool {
        rule(for: profile.category).allows(after: now.rawValue - lastPurchase.rawValue)
    }
}
