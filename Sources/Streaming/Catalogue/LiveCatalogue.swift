import Commerce
import Dispatch
import LinearAlgebra
import Retrieval
import Synchronization
import TwoTower

/// The catalogue as one moment saw it: a value that later changes leave alone.
public struct CatalogueSnapshot: Sendable {
    /// The items with their attributes, those of the checkpoint numbered by their rows in it.
    public fileprivate(set) var index: InvertedIndex
    /// The next record of each partition of the catalogue topic that is not in it.
    public fileprivate(set) var offsets: [Int32: Int64] = [:]

    /// Input vector of a described item that the checkpoint does not know; nil of another one.
    public func vector(ofNew item: ItemID) -> [Float]? {
        guard let (vector, number) = index.vector(of: item), number == nil else { return nil }
        return vector
    }
}

/// The catalogue and the index, kept up to date while they are read.
///
/// Known is what the checkpoint or the catalogue knows, so a shop without a catalogue works: the checkpoint's items are
/// recommended until a record withdraws them. One thread applies changes; any thread takes snapshots.
///
/// The index's plan is made of the checkpoint's items and shoppers, so that equal models have equal plans. When the catalogue has
/// grown by half a new one is made of what it holds then, beside the searches and the changes that go on.
public final class LiveCatalogue: Sendable {
    /// Who hears of the plan in force.
    public typealias Observer = @Sendable (IndexPlan) -> Void

    private let model: Model
    private let recall: Double
    private let listSize: Int
    private let observe: Observer
    private let state: Mutex<CatalogueSnapshot>
    /// Held while changes take effect.
    private let writing: Mutex<Writing>
    /// A plan that is in the making.
    private let planning = DispatchGroup()

    private struct Writing {
        var plan: IndexPlan
        /// The items that have changed since a new plan was begun; nil while there is none in the making.
        var changed: Set<ItemID>?
    }

    /// The checkpoint's items with their trained vectors.
    ///
    /// - Parameters:
    ///   - recall: share of the exact best that a search has to find on average; 1 for all.
    ///   - listSize: length of the lists for which it has to.
    ///   - file: keeps the checkpoint's plan; nil makes it at every start.
    ///   - observe: hears of the plan, and of every later one.
    /// - Throws: `RetrievalError` where a trained vector cannot be indexed.
    public init(
        model: Model, recall: Double = 1, listSize: Int = 20, file: PlanFile? = nil,
        observe: @escaping Observer = { _ in }
    ) throws(RetrievalError) {
        self.model = model
        self.recall = recall
        self.listSize = listSize
        self.observe = observe
        let (plan, index) = try Self.start(model, recall, listSize, file)
        state = Mutex(CatalogueSnapshot(index: index))
        writing = Mutex(Writing(plan: plan))
        observe(plan)
    }

    /// The checkpoint's items by its plan: the one of the file, or a new one.
    private static func start(
        _ model: Model, _ recall: Double, _ listSize: Int, _ file: PlanFile?
    ) throws(RetrievalError) -> (plan: IndexPlan, index: InvertedIndex) {
        let kept = file?.read(dimension: model.dimension)
        let flat = IndexPlan.flat(dimension: model.dimension, items: model.items.count)
        var index = (kept ?? flat).index
        for (row, item) in model.items.enumerated() {
            try index.upsert(item, Span(_unsafeElements: model.trainedOutput(row)), number: Int32(row))
        }
        if let kept { return (kept, index) }
        let made = try IndexPlan.make(for: index, users: Array(model.audience.values), recall: recall, k: listSize)
        // A flat scan of few items is planned in no time.
        if !made.index.isFlat { file?.write(made.plan) }
        return made
    }

    /// The catalogue as it is now.
    public var snapshot: CatalogueSnapshot { state.withLock { $0 } }

    /// Applies the records of one partition up to `next`, all visible at once.
    ///
    /// - Parameter isReading: whether more are known to come, whose reader waits for the plan: none is made before that, so that
    ///   it is one of all that was read, in whatever order.
    /// - Returns: the places in `changes` of those that could not be taken, in order, with the reason; what was known of their items stays.
    @discardableResult
    public func apply(
        _ changes: [CatalogueChange], partition: Int32, next: Int64, isReading: Bool = false
    ) -> [(place: Int, reason: String)] {
        var refused: [(place: Int, reason: String)] = []
        let records = changes.compactMap { if case .upsert(let item) = $0 { item } else { nil } }
        var vectors = [Float](repeating: 0, count: records.count * model.dimension)
        let outcomes = vectors.withUnsafeMutableBufferPointer { model.outputVectors(of: records, into: $0) }
        writing.withLock { writing in
            var copy = snapshot
            var record = 0
            for (place, change) in changes.enumerated() {
                switch change {
                case .upsert(let item):
                    let vector = vectors[record * model.dimension..<(record + 1) * model.dimension]
                    do { try upsert(item, vector, outcomes[record], &copy) } catch {
                        refused.append((place, "\(item.item.rawValue): \(error)"))
                    }
                    record += 1
                    writing.changed?.insert(item.item)
                case .withdrawal(let item):
                    copy.index.remove(item)
                    writing.changed?.insert(item)
                case .refused(let fault):
                    refused.append((place, fault.description))
                }
            }
            copy.offsets[partition] = next
            replace(by: copy)
            if !isReading { planIfOutgrown(&writing) }
        }
        return refused
    }

    /// Waits until the index has a plan for what it holds: for whoever has just read a whole catalogue.
    ///
    /// - Parameter isWanted: asked ten times a second.
    /// - Returns: whether it has; false if that was no longer wanted.
    @discardableResult public func waitForPlan(while isWanted: () -> Bool = { true }) -> Bool {
        repeat {
            while planning.wait(timeout: .now() + .milliseconds(100)) == .timedOut {
                guard isWanted() else { return false }
            }
        } while writing.withLock { planIfOutgrown(&$0) }
        return true
    }

    /// Begins a new plan if one is needed and none is in the making.
    @discardableResult private func planIfOutgrown(_ writing: inout Writing) -> Bool {
        let index = snapshot.index
        guard writing.changed == nil, writing.plan.isOutgrown(by: index.count) else { return false }
        writing.changed = []
        DispatchQueue.global(qos: .utility).async(group: planning) { self.replan(index) }
        return true
    }

    /// Changes that are made up for while others wait: they wait for some milliseconds.
    private static let fewChanges = 100
    /// So often what has changed meanwhile is made up for beside further changes: each time there is less, unless they come as fast.
    private static let mostRounds = 20

    /// Indexes the items anew by a plan for them, then makes up for what has changed meanwhile.
    private func replan(_ old: InvertedIndex) {
        // It refuses no vectors that an index holds already.
        guard
            case (let plan, var index)? = try? IndexPlan.make(
                for: old, users: Array(model.audience.values), recall: recall, k: listSize)
        else { return writing.withLock { $0.changed = nil } }
        for _ in 0..<Self.mostRounds {
            let changed = writing.withLock { writing -> Set<ItemID> in
                guard let changed = writing.changed, changed.count > Self.fewChanges else { return [] }
                writing.changed = []
                return changed
            }
            if changed.isEmpty { break }
            Self.copy(changed, from: snapshot.index, into: &index)
        }
        let replaced = writing.withLock { writing in
            Self.copy(writing.changed ?? [], from: snapshot.index, into: &index)
            writing.changed = nil
            writing.plan = plan
            var copy = snapshot
            copy.index = index
            return replace(by: copy)
        }
        // Of the index before nothing is shared with this one: who gives it back holds up nobody's changes.
        withExtendedLifetime(replaced) {}
        observe(plan)
    }

    private static func copy(_ items: Set<ItemID>, from current: InvertedIndex, into index: inout InvertedIndex) {
        for item in items { try? index.copy(item, from: current) }
    }

    /// Shows `new` to those who ask from now on, and returns the old one: what only that holds is given back after the lock.
    @discardableResult private func replace(by new: CatalogueSnapshot) -> CatalogueSnapshot {
        state.withLock { state in
            let old = state
            state = new
            return old
        }
    }

    private func upsert(
        _ item: CatalogueItem, _ vector: ArraySlice<Float>, _ outcome: CatalogueVector,
        _ snapshot: inout CatalogueSnapshot
    ) throws {
        // A record that cannot be used leaves what was known of its item.
        if case .refused(let fault) = outcome { throw fault }
        if outcome == .vector {
            let attributes = ItemAttributes(
                profile: .init(category: item.category, brand: item.brand, markets: item.markets),
                price: item.price.map { Float($0) }, inStock: item.inStock)
            try snapshot.index.upsert(
                item.item, vector.span, attributes, number: model.row(of: item.item).map(Int32.init))
        } else {
            snapshot.index.remove(item.item)
        }
    }
}
