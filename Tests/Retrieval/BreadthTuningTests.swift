import Commerce
import Retrieval
import Testing

/// The choice of how far searches look around.
struct BreadthTuningTests {
    @Test(arguments: [1, 12]) func theCheapestThatFindsEnoughIsTaken(regions: Int) throws {
        var generator = Generator(state: 61)
        let items = InvertedIndexTests.clustered(6000, &generator)
        let vectors = items.flatMap(\.value)
        let dimension = InvertedIndexTests.dimension
        let partition = Partition.train(vectors.span, dimension: dimension, lists: 96, regions: regions)
        let index = try InvertedIndex(partition).adding(items)
        let flat = try InvertedIndex(.single(dimension: dimension)).adding(items)
        let queries = (0..<200).map { _ in generator.vector(dimension) }
        let tuning = try BreadthTuning(users: queries.flatMap { $0 }, k: 20, truth: flat)
        let truth = try flat.search(queries, k: 20)
        func measured(_ breadth: SearchBreadth) throws -> (recall: Double, codes: Double) {
            let index = index.looking(breadth)
            let scratch = index.makeScratch()
            let found = try index.search(queries: queries.flatMap { $0 }.span, k: 20, scratch: scratch)
            return (InvertedIndexTests.recall(found, truth), Double(scratch.codesRead) / Double(queries.count))
        }
        for recall in [0.8, 0.95, 0.99] {
            let found = try tuning.cheapest(reaching: recall, in: index)
            let (reached, codes) = try measured(found.breadth)
            #expect(found.recall >= recall && reached == found.recall && codes == found.codes)
            // No other slack, list or region less would have done for fewer codes.
            for lists in [2, 3, 4, 6, 8, 12] {
                for part in 0...64 {
                    let other = SearchBreadth(
                        regions: found.breadth.regions, lists: lists, slack: Float(part) / 32)
                    let (reached, codes) = try measured(other)
                    guard reached >= recall else { continue }
                    #expect(codes >= found.codes, "\(recall): \(found.breadth) beside \(other)" as Comment)
                    break
                }
            }
        }
    }

    /// A filter on every second item and one on whole parts: what is found is found under each of them, not on average.
    @Test func eachFilterReachesTheRecall() throws {
        var generator = Generator(state: 62)
        let items = InvertedIndexTests.clustered(6000, &generator)
        let (vectors, dimension) = (items.flatMap(\.value), InvertedIndexTests.dimension)
        let partition = Partition.train(vectors.span, dimension: dimension, lists: 96, regions: 1)
        let index = try InvertedIndex(partition).adding(items)
        let flat = try InvertedIndex(.single(dimension: dimension)).adding(items)
        let users = (0..<200).map { _ in generator.vector(dimension) }
        let (parts, lists) = (partition.parts(8), partition.lists(of: vectors.span))
        let passing = [
            items.indices.filter { $0 % 2 == 0 }, items.indices.filter { parts[Int(lists[$0])] % 2 == 0 },
        ]
        let filters = passing.map { numbers in ItemFilter(.items(Set(numbers.map { items[$0].key }))) }
        func recalls(_ breadth: SearchBreadth) throws -> [Double] {
            try filters.map { filter in
                InvertedIndexTests.recall(
                    try index.looking(.everything, filtered: breadth).search(users, k: 20, filter: filter),
                    try flat.search(users, k: 20, filter: filter))
            }
        }
        let both = try BreadthTuning(users: users.flatMap { $0 }, k: 20, filters: filters, truth: flat)
        for recall in [0.8, 0.95] {
            let found = try both.cheapest(reaching: recall, in: index)
            let reached = try recalls(found.breadth)
            #expect(reached.min() == found.recall && found.recall >= recall)
            // Tuned for one alone it does not do for the other.
            let mild = try BreadthTuning(users: users.flatMap { $0 }, k: 20, filters: [filters[0]], truth: flat)
            #expect(try recalls(mild.cheapest(reaching: recall, in: index).breadth)[1] < recall)
        }
    }
}
