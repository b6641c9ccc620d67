import Bytes
import Streaming

extension Settings {
    /// What shapes the shoppers' records and lists.
    package var shoppers: ShopperSettings {
        ShopperSettings(
            historyLength: history.length, eventIDWindow: history.eventIDs,
            idleExpiry: history.idleGap?.wholeMilliseconds,
            listSize: lists.size, refresh: lists.refresh, topic: topics.events,
            marketAttribute: markets.attribute,
            trendingHalfLife: HalfLife(milliseconds: trending.halfLife.wholeMilliseconds))
    }

    /// The digest that every list cites: 16 hexadecimal digits over all that shapes a list at a given record, and nothing
    /// else. When lists are published is not part of it.
    package func listDigest() throws(SHA256.Unavailable) -> String {
        let shoppers = shoppers
        var form = ByteWriter()
        form.integer(UInt8(2))
        form.count(shoppers.listSize)
        form.count(shoppers.historyLength)
        form.count(shoppers.eventIDWindow)
        form.signedVarint(shoppers.idleExpiry ?? -1)
        form.signedVarint(events.maximumSkew.wholeMilliseconds)
        form.count(events.maximumBytes.bytes)
        form.string(markets.attribute ?? "")
        form.signedVarint(trending.halfLife.wholeMilliseconds)
        return Array(try SHA256.digest(of: form.bytes).prefix(8)).hexadecimal
    }
}
