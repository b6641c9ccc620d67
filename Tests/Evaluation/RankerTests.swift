import Evaluation
import LinearAlgebra
import Testing

@Suite("Ranks and lists")
struct RankerTests {
    /// The place of the target by sorting all candidates: the rule written down once more.
    static func naive(_ scores: [Float], target: Int32, history: Set<Int32>) -> (rank: Int, top: [Int32]) {
        func value(_ item: Int32) -> Float { scores[Int(item)].isNaN ? -.infinity : scores[Int(item)] }
        let candidates = (0..<Int32(scores.count)).filter { !history.contains($0) }
        let order = candidates.sorted { left, right in
            let (l, r) = (value(left), value(right))
            if l != r { return l > r }
            if left == target || right == target { return right == target }
            return left < right
        }
        let rank = order.firstIndex(of: target).map { $0 + 1 } ?? candidates.count + 1
        return (rank, Array(order.filter { value($0) > -.infinity }.prefix(20)))
    }

    @Test("Equal to sorting, with ties, gaps and histories", arguments: 0..<200)
    func sorting(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let count = [1, 2, 15, 25, 1500, 3000][Int(seed % 6)]
        let levels = [2, 5, 100, 100_000][Int(seed / 6 % 4)]
        var scores = (0..<count).map { _ in Float(Int.random(in: 0..<levels, using: &generator)) - 3 }
        for index in scores.indices where Int.random(in: 0..<10, using: &generator) == 0 {
            scores[index] = [Float.nan, -.infinity][index % 2]
        }
        let target = Int32.random(in: 0..<Int32(count), using: &generator)
        var history: Set<Int32> = []
        for _ in 0..<count / 3 { history.insert(Int32.random(in: 0..<Int32(count), using: &generator)) }
        if seed % 5 != 0 { history.remove(target) }
        let expected = Self.naive(scores, target: target, history: history)
        var ranker = Ranker()
        let (rank, top) = scores.withUnsafeMutableBufferPointer {
            ranker.rank($0, target: target, history: history)
        }
        #expect(rank == expected.rank)
        #expect(top == expected.top)
    }

    @Test("A method is asked before it sees the answer, and never sees what is withheld")
    func order() throws {
        let log = try smallLog(SplitTests.lines)
        for setting in EvaluationProtocol.allCases {
            for stage in EvaluationStage.allCases {
                let split = try Split(log, setting, stage)
                let spy = Spy(items: log.items.count)
                let results = Runner.run(spy, on: log, split)
                #expect(results.map(\.query) == split.queries)
                #expect(spy.seen.allSatisfy { split.roles[$0] != .withheld })
                for (query, seen) in zip(split.queries, spy.seenAtQuery) {
                    #expect(seen == (0..<query.row).count { split.roles[$0] != .withheld })
                }
                // Scores are the item's row, so the target's rank counts the rows above it that are not in the history.
                for result in results {
                    let history = Set(
                        log.events(of: result.query.user).prefix(result.query.historyLength).map(log.item))
                    let above = (result.query.target + 1..<Int32(log.items.count)).count { !history.contains($0) }
                    if !history.contains(result.query.target) { #expect(result.rank == above + 1) }
                    #expect(history.isDisjoint(with: result.top))
                }
            }
        }
    }

    @Test("Batches are cut without a trace: more queries than one holds")
    func batches() throws {
        var lines: [String] = []
        for user in 0..<300 { lines += (0..<4).map { "u\(user) i\((user * 7 + $0 * 3) % 40) \($0 * 1000 + user)" } }
        let log = try smallLog(lines.joined(separator: "\n"))
        let split = try Split(log, .leaveOneOut, .test)
        #expect(split.queries.count == 300)
        var reports: [Int] = []
        let results = Runner.run(Spy(items: log.items.count), on: log, split) { reports.append($0) }
        #expect(results.map(\.query) == split.queries)
        #expect(reports.last == log.count && reports == reports.sorted())
    }
}

/// Scores every item by its row and remembers what it was told.
private final class Spy: Recommender {
    private let items: Int
    private(set) var seen: [Int] = []
    private(set) var seenAtQuery: [Int] = []
    private var slots = 0

    init(items: Int) { self.items = items }

    func observe(_ event: LogEvent, role: Split.Role) { seen.append(event.row) }

    func ask(_ query: Query, slot: Int) {
        #expect(slot == slots && slot < Runner.batch)
        slots += 1
        seenAtQuery.append(seen.count)
    }

    func score(into scores: MatrixView<Float>) {
        #expect(scores.rows == slots && scores.columns == items)
        for slot in 0..<slots { for item in 0..<items { scores.pointer[slot * items + item] = Float(item) } }
        slots = 0
    }
}
