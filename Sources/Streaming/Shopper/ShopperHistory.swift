import Commerce
import TwoTower

extension ShopperRecord {
    /// What keeping an event did.
    enum Kept {
        /// Applied: the new entry is the last one.
        case applied
        /// Its event id was seen within the window: nothing changed.
        case duplicate
    }

    /// Appends an event to the history, forgetting what leaves the windows; the state is the caller's to advance.
    ///
    /// - Parameter vector: the frozen input of an item that the checkpoint does not know, where there is one.
    mutating func keep(_ event: Event, vector: [Float]?, settings: ShopperSettings) -> Kept {
        if let id = event.eventID.map(Identifier.hash) {
            if eventIDs.contains(id) { return .duplicate }
            if settings.eventIDWindow > 0 {
                if eventIDs.count >= settings.eventIDWindow {
                    eventIDs.removeFirst(eventIDs.count - settings.eventIDWindow + 1)
                }
                eventIDs.append(id)
            }
        }
        var gap: Int64?
        if let latest { gap = max(0, event.time.rawValue &- latest.rawValue) }
        if let expiry = settings.idleExpiry, let silence = gap, silence > expiry {
            entries = []
            cart = []
            state = .none
            startedAt = sequence
            session = nil
            gap = nil
        }
        let next = event.sessionID.map(Identifier.hash)
        let changesSession = Visit.changes(from: session, to: next)
        session = next ?? session
        if entries.count >= settings.historyLength { entries.removeFirst(entries.count - settings.historyLength + 1) }
        entries.append(
            Entry(
                item: event.item, action: event.action, gap: gap, vector: vector, changesSession: changesSession,
                attributes: event.attributes))
        sequence &+= 1
        latest = max(latest ?? event.time, event.time)
        updateCart(event.action, event.item)
        if event.action == .purchase {
            purchases.add(event.item, at: event.time, limit: settings.purchaseMemory)
        }
        return .applied
    }
}
