/// The rule by which a consumer of `recommendations` keeps the right list of each user.
///
/// Delivery is at least once, and a worker that was paused at the wrong moment may send an old list late. Every list bears the
/// position of the event it was made at, so: **per user the highest source offset wins, and a list of equal identity is a repeat.**
/// A user's events are all in one partition, so their offsets have one order.
public struct ListOrder: Sendable {
    /// What to do with a list.
    public enum Verdict: Equatable, Sendable {
        /// Newer than what was there: take it.
        case newer
        /// The list that is there already, byte for byte.
        case repeated
        /// Made at an earlier event than the one that is there: drop it.
        case outdated
    }

    private var newest: [String: (offset: Int64, listID: String)] = [:]

    public init() {}

    /// Judges a list, and remembers it where it is newer.
    ///
    /// A list at the same offset with another identity (a replay with another model) replaces the one before.
    public mutating func judge(_ published: PublishedList) -> Verdict {
        let user = published.list.shopper.tagged
        let offset = published.list.lineage.source.offset
        if let known = newest[user] {
            if known.listID == published.listID { return .repeated }
            if offset < known.offset { return .outdated }
        }
        newest[user] = (offset, published.listID)
        return .newer
    }
}
