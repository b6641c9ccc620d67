import Commerce
import Evaluation

/// A log from lines `user item time`, times in seconds; action browse.
func smallLog(_ lines: String, catalogue: [String] = []) throws -> EvaluationLog {
    var builder = EvaluationLogBuilder()
    for line in lines.split(separator: "\n") {
        let words = line.split(separator: " ").map(String.init)
        builder.append(
            Event(
                action: .browse, shopper: .known(words[0]), item: ItemID(words[1]),
                time: EventTime(milliseconds: (Int64(words[2]) ?? 0) * 1000)))
    }
    for item in catalogue { builder.append(CatalogueItem(item: ItemID(item), title: item)) }
    return try builder.build()
}

/// `user:history:target` of each query, as a test can write it down.
func described(_ queries: [Query], _ log: EvaluationLog) -> [String] {
    queries.map { "\(log.users[Int($0.user)].id):\($0.historyLength):\(log.items[Int($0.target)].rawValue)" }
}

/// Random numbers that repeat themselves by their seed.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    init(seed: UInt64) { state = seed &+ 1 }

    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return (state ^ (state >> 29)) &* 0xbf58_476d_1ce4_e5b9
    }
}

/// A log of `users` shoppers with `events` events each on `items` items, in which some items follow others.
func randomLog(users: Int, events: Int, items: Int, seed: UInt64) throws -> EvaluationLog {
    var generator = SeededGenerator(seed: seed)
    var lines: [String] = []
    for step in 0..<events {
        for user in 0..<users {
            let item = (user % 7 * 3 + step + Int.random(in: 0..<6, using: &generator)) % items
            lines.append("u\(user) i\(item) \(step * users + user)")
        }
    }
    return try smallLog(lines.joined(separator: "\n"))
}
