/// The states a worker holds in memory, at most `capacity`, the least recently used leaving first.
///
/// A doubly linked list over array slots: no allocation per use.
struct StateCache<State> {
    private struct Slot {
        var key: StateKey
        var state: State
        var newer: Int
        var older: Int
    }

    let capacity: Int
    private var slots: [Slot] = []
    private var index: [StateKey: Int] = [:]
    private var newest = -1
    private var oldest = -1

    /// An empty cache; a capacity of zero or less keeps nothing.
    init(capacity: Int) { self.capacity = max(0, capacity) }

    var count: Int { slots.count }

    /// The state under `key`, which becomes the most recently used.
    mutating func take(_ key: StateKey) -> State? {
        guard let slot = index[key] else { return nil }
        unlink(slot)
        link(slot)
        return slots[slot].state
    }

    /// Keeps `state` under `key`, making room where needed.
    mutating func put(_ key: StateKey, _ state: State) {
        guard capacity > 0 else { return }
        if let slot = index[key] {
            slots[slot].state = state
            unlink(slot)
            link(slot)
        } else if slots.count < capacity {
            slots.append(Slot(key: key, state: state, newer: -1, older: -1))
            index[key] = slots.count - 1
            link(slots.count - 1)
        } else {
            let slot = oldest
            unlink(slot)
            index[slots[slot].key] = nil
            slots[slot] = Slot(key: key, state: state, newer: -1, older: -1)
            index[key] = slot
            link(slot)
        }
    }

    private mutating func unlink(_ slot: Int) {
        let (newer, older) = (slots[slot].newer, slots[slot].older)
        if newer >= 0 { slots[newer].older = older } else { newest = older }
        if older >= 0 { slots[older].newer = newer } else { oldest = newer }
    }

    private mutating func link(_ slot: Int) {
        slots[slot].newer = -1
        slots[slot].older = newest
        if newest >= 0 { slots[newest].newer = slot }
        newest = slot
        if oldest < 0 { oldest = slot }
    }
}
