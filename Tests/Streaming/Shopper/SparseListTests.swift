import Commerce
import LinearAlgebra
import Streaming
import Testing
import TwoTower

@Suite("The sparse channel in the lists", .serialized)
struct SparseListTests {
    @Test("Every list is the top K of the state's score and the sparse one, each computed apart, with its reason")
    func scores() throws {
        let shop = try Shop()
        let log = try Shop.log(300, seed: 8)
        let store = MemoryStateStore()
        var (checked, moved, reasons) = (0, 0, 0)
        for offset in log.indices {
            let output = try shop.run(
                Array(log[...offset]), shop.settings(size: 6, refresh: .everyEvent), batch: 1, store: store
            ).output
            guard let list = try Shop.decode(output).last, list.slots.first?.origin == .personal else { continue }
            let key = StateKey(list.shopper.tagged)
            let record = try ShopperRecord(
                bytes: store.contents(of: PartitionIndex(0)).values[key] ?? [], shopper: key)
            let dense = Self.dense(record, shop.model)
            let extra = try Self.extra(record, shop.model)
            let allowed = (0..<60).filter {
                !record.purchases.contains(Shop.item($0)) && !record.cart.contains(Shop.item($0))
            }
            func top(_ score: (Int) -> Float) -> [Int] {
                let sorted = allowed.sorted { a, b in
                    score(a) != score(b) ? score(a) > score(b) : Shop.item(a) < Shop.item(b)
                }
                return Array(sorted.prefix(6))
            }
            let expected = top { dense[$0] + extra[$0].score }
            #expect(list.slots.map(\.item) == expected.map(Shop.item))
            #expect(list.slots.map(\.score) == expected.map { dense[$0] + extra[$0].score })
            let nearest = expected.map { Self.nearest(to: $0, record, shop.model) }
            #expect(list.slots.map(\.because) == zip(expected, nearest).map { extra[$0].reason ?? $1 })
            checked += 1
            if top({ dense[$0] }) != expected { moved += 1 }
            reasons += expected.filter { extra[$0].reason != nil }.count
        }
        #expect(checked > 250 && moved > 100 && reasons > 300, "\(checked) lists, \(moved) moved, \(reasons) reasons")
    }

    /// The item of the last ten whose vector is most like the row's, the newest of equal ones; the row's own only where there is
    /// no other.
    private static func nearest(to row: Int, _ record: ShopperRecord, _ model: Model) -> ItemID? {
        var best: (item: ItemID, score: Float)?
        let last = record.entries.suffix(10).reversed()
        let others = last.filter { model.row(of: $0.item) != row && vector($0, model) != nil }
        for entry in others.isEmpty ? Array(last) : others {
            guard let vector = vector(entry, model) else { continue }
            let score = Kernels.dot(Array(model.trainedOutput(row)).span, vector.span)
            if score > best?.score ?? -.infinity { best = (entry.item, score) }
        }
        return best?.item
    }

    private static func vector(_ entry: ShopperRecord.Entry, _ model: Model) -> [Float]? {
        model.row(of: entry.item).map { Array(model.trainedOutput($0)) } ?? entry.vector
    }

    @Test("A record keeps the rows of as many items as the channel reads")
    func rows() { #expect(RecentRows.length == SparseChannel.depth) }

    @Test("A withdrawn neighbour stays out, whatever its extra score")
    func withdrawn() throws {
        let shop = try Shop()
        let log = try (0..<3).map { try Shop.record(Int64($0), Shop.event("u", 7, at: Int64($0))) }
        func items() throws -> [ItemID] {
            let output = try shop.run(log, shop.settings(size: 60), batch: 3).output
            return try Shop.decode(output).flatMap(\.slots).map(\.item)
        }
        let first = try items()
        #expect(first.count == 60)
        shop.catalogue.apply(first.prefix(20).map { .withdrawal($0) }, partition: 0, next: 20)
        let left = try items()
        #expect(left == Array(first.dropFirst(20)), "the others keep their scores and their order")
        shop.catalogue.apply([.upsert(CatalogueItem(item: first[0], title: "x"))], partition: 0, next: 21)
        #expect(try Set(items()) == Set(first.dropFirst(20) + [first[0]]))
    }

    /// Dot products of the state's vector with every item, by the canonical kernel.
    private static func dense(_ record: ShopperRecord, _ model: Model) -> [Float] {
        let state = record.state.values.map { Float($0) }
        var vector = [Float](repeating: 0, count: model.dimension)
        state.withUnsafeBufferPointer { state in
            vector.withUnsafeMutableBufferPointer { vector in
                guard let from = state.baseAddress, let to = vector.baseAddress else { return }
                model.readout(states: from, count: 1, into: to)
            }
        }
        return (0..<60).map { Kernels.dot(vector.span, model.trainedOutput($0).span) }
    }

    /// The formula of `SparseChannel`, item by item from a dictionary of the table, newest event first.
    private static func extra(_ record: ShopperRecord, _ model: Model) throws -> [(score: Float, reason: ItemID?)] {
        let channel = try #require(model.channels.sparse)
        let table = channel.table
        var values: [[Int: Float]] = []
        for row in 0..<table.rows {
            let range = Int(table.starts[row])..<Int(table.starts[row + 1])
            values.append(
                Dictionary(uniqueKeysWithValues: range.map { (Int(table.columns[$0]), table.values[$0]) }))
        }
        return (0..<60).map { item in
            var (sum, factor): (Float, Float) = (0, 1)
            var best: (part: Float, item: ItemID?) = (0, nil)
            for entry in record.entries.reversed().prefix(SparseChannel.depth) {
                if let part = model.row(of: entry.item).flatMap({ values[$0][item] }).map({ factor * $0 }) {
                    sum += part
                    if part > best.part { best = (part, entry.item) }
                }
                factor *= channel.settings.decay
            }
            return (channel.settings.weight * sum, best.item)
        }
    }
}
