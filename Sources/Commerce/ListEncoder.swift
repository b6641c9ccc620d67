import Bytes
import JSON

extension RecommendationList {
    /// The key of the list's record: the bytes of the shopper's identifier.
    public var key: [UInt8] { Array(shopper.id.utf8) }

    /// The record's value: the same list gives the same bytes, anywhere. An anonymous shopper's has `anonymous_id` in the place
    /// of `user_id`.
    /// - Throws: `JSONError` where a score is a NaN or an infinity; `SHA256.Unavailable`.
    public func encoded() throws -> [UInt8] {
        let listID = try lineage.listID()
        var writer = JSONWriter(reserving: 384 + 72 * slots.count)
        try writer.object { json in
            json.field("list_id", listID)
            switch shopper {
            case .known(let id): json.field("user_id", id)
            case .anonymous(let id): json.field("anonymous_id", id)
            }
            json.name(fixed: "items")
            try json.array { json in
                for slot in slots { try slot.write(to: &json) }
            }
            if shortfall > 0 {
                json.name(fixed: "shortfall")
                json.integer(shortfall)
            }
            json.name(fixed: "trigger")
            lineage.trigger.write(to: &json)
            json.name(fixed: "source")
            lineage.source.write(to: &json)
            json.field("model_version", lineage.modelVersion)
            json.field("index_version", lineage.indexVersion)
            json.field("configuration", lineage.configuration)
            json.name(fixed: "catalogue")
            json.object { json in
                for (partition, offset) in lineage.catalogue.sorted(by: { $0.key < $1.key }) {
                    json.name(of: partition)
                    json.integer(offset)
                }
            }
            json.field("event_time", eventTime.rfc3339)
        }
        return writer.bytes
    }
}

extension RecommendationList.Slot {
    fileprivate func write(to json: inout JSONWriter) throws(JSONError) {
        try json.object { json throws(JSONError) in
            json.name(fixed: "rank")
            json.integer(rank)
            json.field("item_id", item.rawValue)
            json.name(fixed: "score")
            try json.number(score)
            json.field("origin", origin.rawValue)
            json.field("because", because?.rawValue)
        }
    }
}

extension RecommendationList.Trigger {
    fileprivate func write(to json: inout JSONWriter) {
        json.object { json in
            switch self {
            case .event(let id):
                json.field("type", "event")
                json.field("event_id", id)
            }
        }
    }
}

extension RecommendationList.Source {
    fileprivate func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("topic", topic)
            json.name(fixed: "partition")
            json.integer(partition)
            json.name(fixed: "offset")
            json.integer(offset)
        }
    }
}
