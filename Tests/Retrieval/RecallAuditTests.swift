import Commerce
import Dispatch
import Retrieval
import Synchronization
import Testing

struct RecallAuditTests {
    /// Every second search is looked at; what it found is set beside what there was to find.
    @Test func theShareIsThatOfTheLastAudits() throws {
        var generator = Generator(state: 51)
        var index = InvertedIndex(.ofTests(dimension: 8)).looking(.init(slack: 0))
        for number in 0..<200 {
            try index.upsert(ItemID("i\(number)"), generator.vector(8).span, number: Int32(number))
        }
        let heard = Mutex<[(recall: Double, audits: Int)]>([])
        let done = DispatchSemaphore(value: 0)
        let audit = RecallAudit(share: 0.5) { recall, audits in
            heard.withLock { $0.append((recall, audits)) }
            done.signal()
        }
        var (hits, wanted) = (0, 0)
        for round in 0..<20 {
            #expect(!audit.isDue(after: 1))
            #expect(audit.isDue(after: 1))
            #expect(!audit.isDue(after: 10), "one at a time")
            let query = generator.vector(8)
            let excluded = (0..<50).map { ItemID("i\($0 * 4)") }
            let filter = ItemFilter(.not(.items(Set((0..<40).map { ItemID("i\($0 * 5)") }))))
            var extras = ExtraScores()
            extras.appendUser([(number: Int32(1), score: 0.7), (number: 77, score: 0.2)])
            let scratch = index.makeScratch()
            let found = try index.search(
                queries: query.span, k: 10, filters: [filter], excluding: [excluded], adding: extras, scratch: scratch)[
                    0]
            let exact = try index.looking(.everything).search(
                queries: query.span, k: 10, filters: [filter], excluding: [excluded], adding: extras, scratch: scratch)[
                    0]
            hits += Set(found.map(\.item)).intersection(exact.map(\.item)).count
            wanted += exact.count
            audit.take(
                .init(
                    index: index, query: query, k: 10, filter: filter, excluded: ItemExclusions(excluded),
                    extras: extras,
                    found: found.map(\.item)))
            done.wait()
            let last = heard.withLock { $0.last }
            #expect(last?.recall == Double(hits) / Double(wanted) && last?.audits == round + 1)
        }
        #expect(hits < wanted, "a few lists must miss something, or this test shows nothing")
    }

    /// Audits of the plan before are not counted among those of a new one.
    @Test func anotherPlanBeginsAnew() throws {
        var generator = Generator(state: 52)
        let heard = Mutex<[Int]>([])
        let done = DispatchSemaphore(value: 0)
        let audit = RecallAudit(share: 1) { _, audits in
            heard.withLock { $0.append(audits) }
            done.signal()
        }
        for _ in 0..<2 {
            var index = InvertedIndex(.ofTests(dimension: 8))
            for number in 0..<50 { try index.upsert(ItemID("i\(number)"), generator.vector(8).span, number: nil) }
            for _ in 0..<3 {
                #expect(audit.isDue(after: 1))
                audit.take(
                    .init(
                        index: index, query: generator.vector(8), k: 5, filter: nil, excluded: ItemExclusions(),
                        extras: ExtraScores(), found: []))
                done.wait()
            }
        }
        #expect(heard.withLock { $0 } == [1, 2, 3, 1, 2, 3])
    }

    @Test func aShareOfOneLooksAtEverySearch() {
        let audit = RecallAudit(share: 1) { _, _ in }
        #expect(audit.isDue(after: 1))
        #expect(!audit.isDue(after: 1), "the first is not over")
    }
}
