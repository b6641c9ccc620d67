import Bytes
import Streaming

extension Settings {
    /// What shapes the shoppers' records and lists.
    package var shoppers: ShopperSettings {
        ShopperSettings(
            historyLength: history.length, eventIDWindow: history.eventIDs,
            purchaseMemory: history.purchases, idleExpiry: history.idleGap?.wholeMilliseconds,
            listSize: lists.size, refresh: lists.refresh, rules: listRules, topic: topics.events,
            marketAttribute: markets.attribute,
            trendingHalfLife: HalfLife(milliseconds: trending.halfLife.wholeMilliseconds))
    }

    /// What the shop asks of its lists beyond the score. Of equal meaning for equal settings: in one order, whatever theirs.
    package var listRules: ListRules {
        ListRules(
            filter: filters.condition, excludesCart: filters.inCart,
            repurchase: Repurchase(
                rules.repurchase,
                byCategory: Dictionary(rules.repurchaseByCategory.map { ($0.path.names, $0.rule) }) { first, _ in first
                }),
            boosts: rules.boosts.sorted { $0.text.utf8.lexicographicallyPrecedes($1.text.utf8) }.map(\.rule),
            pins: rules.pins.map(\.rule), caps: rules.caps, diversity: Float(rules.diversity),
            explorationShare: rules.exploration, minimumScore: rules.minimumScore.map { Float($0) })
    }

    /// The digest that every list cites: 16 hexadecimal digits over all that shapes a list at a given record, and nothing
    /// else. When lists are published is not part of it.
    package func listDigest() throws(SHA256.Unavailable) -> String {
        let shoppers = shoppers
        var form = ByteWriter()
        form.integer(UInt8(3))
        form.count(shoppers.listSize)
        form.count(shoppers.historyLength)
        form.count(shoppers.eventIDWindow)
        form.count(shoppers.purchaseMemory)
        form.signedVarint(shoppers.idleExpiry ?? -1)
        form.signedVarint(events.maximumSkew.wholeMilliseconds)
        form.count(events.maximumBytes.bytes)
        for text in filters.canonicalForm + rules.canonicalForm { form.string(text) }
        form.string(markets.attribute ?? "")
        form.signedVarint(trending.halfLife.wholeMilliseconds)
        return Array(try SHA256.digest(of: form.bytes).prefix(8)).hexadecimal
    }
}
