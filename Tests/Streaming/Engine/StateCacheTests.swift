import Streaming
import Testing

@Suite("The cache of states")
struct StateCacheTests {
    /// What a cache is: keys in the order of their use, newest last, and the states of those that are not out.
    private struct Model {
        let capacity: Int
        var order: [StateKey] = []
        var states: [StateKey: Int] = [:]

        mutating func take(_ key: StateKey) -> Int? {
            guard order.contains(key) else { return nil }
            use(key)
            return states.removeValue(forKey: key)
        }

        mutating func put(_ key: StateKey, _ state: Int) {
            guard capacity > 0 else { return }
            if !order.contains(key), order.count == capacity { states[order.removeFirst()] = nil }
            use(key)
            states[key] = state
        }

        private mutating func use(_ key: StateKey) {
            order.removeAll { $0 == key }
            order.append(key)
        }
    }

    private struct Lost: Error {}

    /// A state that tells whether someone else holds it.
    private struct Marked {
        final class Mark {}
        private var mark = Mark()

        mutating func isHeldOnce() -> Bool { isKnownUniquelyReferenced(&mark) }
    }

    @Test("It keeps what was used last, whatever is out", arguments: [-1, 0, 1, 2, 3, 7])
    func againstTheModel(capacity: Int) {
        var random = Simulation.Random(state: 11)
        var cache = StateCache<Int>(capacity: capacity)
        var model = Model(capacity: max(0, capacity))
        for step in 0..<4_000 {
            let key = StateKey("u:\(Int.random(in: 0..<9, using: &random))")
            if Bool.random(using: &random) {
                let (taken, expected) = (cache.take(key), model.take(key))
                #expect(taken == expected)
            } else {
                cache.put(key, step)
                model.put(key, step)
            }
            #expect(cache.count == model.order.count)
        }
    }

    @Test("A state is out once, until it is put back")
    func outOnce() {
        var cache = StateCache<Int>(capacity: 2)
        cache.put("u:1", 1)
        let taken = [cache.take("u:1"), cache.take("u:1")]
        cache.put("u:1", 2)
        let again = cache.take("u:1")
        #expect(taken == [1, nil])
        #expect(again == 2)
    }

    @Test("Whoever takes a state out is alone in holding it")
    func moved() throws {
        var cache = StateCache<Marked>(capacity: 2)
        for _ in 0..<2 {
            cache.put("u:1", Marked())
            for _ in 0..<3 {
                guard var state = cache.take("u:1") else { throw Lost() }
                let isHeldOnce = state.isHeldOnce()
                #expect(isHeldOnce)
                cache.put("u:1", state)
            }
        }
    }
}
