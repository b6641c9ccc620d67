import Commerce
import Observability

/// What became of an event, by its action.
struct EventOutcome: Hashable, Sendable {
    enum Fate: String, CaseIterable, Sendable {
        /// In the history and the state, with the item's own vector.
        case applied
        /// In the history and the state, as the unknown item.
        case unknownItem = "unknown_item"
        /// Dropped: its event id was seen before.
        case duplicate
    }

    var action: Action
    var fate: Fate
}

/// The counts of the shoppers' stage, kept when a batch has been committed; dead letters count when they are decoded.
public final class ShopperMetrics: Sendable {
    private let events: [EventOutcome: Counter]
    private let refusals: [RecordFault.Reason: Counter]
    private let lists: Counter
    private let slots: [RecommendationList.Origin: Counter]
    private let missingSlots: Counter
    private let clock: @Sendable () -> EventTime
    /// Seconds from an event's record timestamp to the commit after its list's delivery.
    public let latency: Histogram

    /// - Parameter clock: the wall clock, by which latency alone is measured.
    public init(_ registry: MetricRegistry, clock: @escaping @Sendable () -> EventTime) {
        var events: [EventOutcome: Counter] = [:]
        for action in Action.allCases {
            for fate in EventOutcome.Fate.allCases {
                events[EventOutcome(action: action, fate: fate)] = registry.counter(
                    "breadcrumb_events_total", "Events committed, by type and by what became of them.",
                    ["type": action.name, "outcome": fate.rawValue])
            }
        }
        self.events = events
        refusals = Dictionary(
            uniqueKeysWithValues: RecordFault.Reason.allCases.map { reason in
                (
                    reason,
                    registry.counter(
                        "breadcrumb_dead_letters_total", "Records that could not be decoded, by reason.",
                        ["reason": reason.rawValue])
                )
            })
        lists = registry.counter("breadcrumb_lists_published_total", "Lists delivered and committed.")
        slots = Dictionary(
            uniqueKeysWithValues: RecommendationList.Origin.allCases.map { origin in
                (
                    origin,
                    registry.counter(
                        "breadcrumb_list_slots_total", "Slots of the lists published, by how they were filled.",
                        ["origin": origin.rawValue])
                )
            })
        missingSlots = registry.counter(
            "breadcrumb_list_slots_missing_total", "Slots that lists published are short of the number configured.")
        latency = registry.histogram(
            "breadcrumb_event_to_list_seconds",
            "From an event's record timestamp to the commit after its list was delivered.")
        self.clock = clock
    }

    /// Events committed so far, without those that were refused.
    package var committedEvents: Int { events.values.reduce(0) { $0 + $1.value } }

    /// Lists delivered and committed so far.
    package var publishedLists: Int { lists.value }

    func refused(_ reason: RecordFault.Reason) { refusals[reason]?.add() }

    func committed(_ receipt: ShopperStage.Receipt) {
        for (outcome, count) in receipt.outcomes { events[outcome]?.add(count) }
        lists.add(receipt.listed.count)
        for (origin, count) in receipt.slots { slots[origin]?.add(count) }
        missingSlots.add(receipt.missingSlots)
        let now = clock().rawValue
        for time in receipt.listed { latency.record(.milliseconds(now &- time.rawValue)) }
    }
}
