import Commerce
import JSON

extension ShopperReport {
    /// One line of JSON; its field names stay as they are.
    var json: String {
        JSONWriter.document { json in
            switch shopper {
            case .known(let id): json.member("user_id", id)
            case .anonymous(let id): json.member("anonymous_id", id)
            }
            json.member("partition", partition)
            json.member("partition_count", partitionCount)
            json.member("state", object: stored) { json, stored in write(stored, to: &json) }
            json.member("list", object: newest) { json, newest in write(newest, to: &json) }
            json.members(findings)
        }
    }

    private func write(_ stored: Stored, to json: inout JSONWriter) {
        let record = stored.record
        json.member("events", record.sequence)
        json.member("latest_event_time", record.latest)
        json.member("expires_in_ms", stored.expiresIn)
        json.member("model_version", record.model)
        json.member("model_in_force", modelInForce)
        json.member("is_current", isCurrent)
        json.member("began_at_event", record.startedAt)
        json.member("events_since", eventsInState)
        json.member("history", array: history) { json, step in
            json.member("item_id", step.entry.item.rawValue)
            json.member("title", titles[step.entry.item])
            json.member("action", step.entry.action.name)
            json.member("time", step.time)
            json.member("gap_ms", step.entry.gap)
        }
        json.member("cart", array: record.cart) { json, item in
            json.member("item_id", item.rawValue)
            json.member("title", titles[item])
        }
        json.member("purchased", array: record.purchases.recent) { json, purchase in
            json.member("item_id", purchase.item.rawValue)
            json.member("title", titles[purchase.item])
            json.member("time", purchase.time)
        }
        json.member("purchased_earlier", record.purchases.older != nil)
    }

    private func write(_ newest: NewestList, to json: inout JSONWriter) {
        let (list, lineage) = (newest.published.list, newest.published.list.lineage)
        json.member("list_id", newest.published.listID)
        json.member("partition", newest.partition.rawValue)
        json.member("offset", newest.offset.rawValue)
        json.member("published_at", newest.publishedAt)
        json.member("event_time", list.eventTime)
        json.member("source", object: lineage.source) { json, source in
            json.member("topic", source.topic)
            json.member("partition", source.partition)
            json.member("offset", source.offset)
        }
        json.member("model_version", lineage.modelVersion)
        json.member("index_version", lineage.indexVersion)
        json.member("items", array: list.slots) { json, slot in
            json.member("rank", slot.rank)
            json.member("item_id", slot.item.rawValue)
            json.member("title", titles[slot.item])
            json.member("score", slot.score)
            json.member("origin", slot.origin.rawValue)
            json.member("because", slot.because?.rawValue)
        }
        json.member("shortfall", list.shortfall)
    }
}
