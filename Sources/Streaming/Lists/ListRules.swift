import Foundation
import Retrieval

/// What a shop asks of its lists beyond the score.
public struct ListRules: Equatable, Sendable {
    /// Makes the items that are so `factor` times as likely beside the others.
    ///
    /// An item's count among what trends is multiplied by the factor. The dense score is the logit of a softmax over the items, so to
    /// a score the factor's logarithm is added.
    public struct Boost: Hashable, Sendable {
        public var condition: ItemCondition
        /// On the item's odds; below 1 where the items are to stand lower.
        public var factor: Double

        public init(condition: ItemCondition, factor: Double) {
            self.condition = condition
            self.factor = factor
        }

        /// What is added to a score.
        public var addend: Float { Float(log(factor)) }
    }

    /// Keeps a rank for the best item that is so.
    public struct Pin: Hashable, Sendable {
        /// 1 is first.
        public var rank: Int
        public var condition: ItemCondition

        public init(rank: Int, condition: ItemCondition) {
            self.rank = rank
            self.condition = condition
        }
    }

    /// At most so many items of a list may have an attribute in common; items without it are not counted.
    public struct Cap: Hashable, Sendable {
        /// What items have in common.
        public enum Attribute: Hashable, Sendable {
            case brand
            /// The whole path.
            case category
            /// The first so many names of the path, or all of a shorter one.
            case categoryLevel(Int)
        }

        public var attribute: Attribute
        /// 1 or more.
        public var limit: Int

        public init(_ attribute: Attribute, limit: Int) {
            self.attribute = attribute
            self.limit = limit
        }
    }

    /// What every item of a list must be like, pinned ones too.
    public var filter: ItemCondition
    /// Whether what is in the shopper's cart is left out.
    public var excludesCart: Bool
    public var repurchase: Repurchase
    public var boosts: [Boost]
    /// Of distinct ranks, rising.
    public var pins: [Pin]
    public var caps: [Cap]
    /// The weight of similarity against score, 0 to 1.
    public var diversity: Float
    /// The share of a list's ranks that is kept for items which the checkpoint does not know, 0 to 0.5.
    public var explorationShare: Double
    /// The lowest score of an item that is not pinned; nil where any will do.
    public var minimumScore: Float?

    public init(
        filter: ItemCondition = .inStock, excludesCart: Bool = true, repurchase: Repurchase = .never,
        boosts: [Boost] = [], pins: [Pin] = [], caps: [Cap] = [], diversity: Float = 0, explorationShare: Double = 0,
        minimumScore: Float? = nil
    ) {
        self.filter = filter
        self.excludesCart = excludesCart
        self.repurchase = repurchase
        self.boosts = boosts
        self.pins = pins.sorted { $0.rank < $1.rank }
        self.caps = caps
        self.diversity = diversity
        self.explorationShare = explorationShare
        self.minimumScore = minimumScore
    }

    /// Whether the best items by score are the list as they stand, so that there is nothing to compose.
    public var isPlain: Bool {
        pins.isEmpty && caps.isEmpty && diversity == 0 && explorationShare == 0 && minimumScore == nil
    }
}
