/// The states a worker holds in memory, at most `capacity`, the least recently used leaving first.
///
/// States are moved out and back, not copied, so that whoever has one out owns it alone and changes it in place.
package struct StateCache<State> {
    private let capacity: Int
    private var index: [StateKey: Int] = [:]
    /// The key of each slot.
    private var keys: [StateKey] = []
    /// The state in each slot; nil while it is out.
    private var states: [State?] = []
    private var recency = RecencyList()

    /// An empty cache; a capacity of zero or less keeps nothing.
    package init(capacity: Int) { self.capacity = max(0, capacity) }

    /// The number of slots in use, those whose states are out among them.
    package var count: Int { keys.count }

    /// Takes out the state under `key`, whose slot becomes the most recently used and stays empty until the state is put back.
    package mutating func take(_ key: StateKey) -> State? {
        guard let slot = index[key] else { return nil }
        recency.touch(slot)
        return states[slot].take()
    }

    /// Keeps `state` under `key`, making room where needed.
    package mutating func put(_ key: StateKey, _ state: consuming State) {
        guard capacity > 0 else { return }
        if let slot = index[key] {
            states[slot] = state
            recency.touch(slot)
        } else if keys.count < capacity {
            index[key] = keys.count
            keys.append(key)
            states.append(state)
            recency.append()
        } else {
            let slot = recency.oldest
            index[keys[slot]] = nil
            index[key] = slot
            keys[slot] = key
            states[slot] = state
            recency.touch(slot)
        }
    }
}
