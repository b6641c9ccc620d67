import Commerce
import Retrieval
import Synchronization
import TwoTower

/// The catalogue as one moment saw it: a value that later changes leave alone.
public struct CatalogueSnapshot: Sendable {
    /// The items that may be recommended, those of the checkpoint numbered by their rows in it.
    public fileprivate(set) var index: ExactIndex
    /// Input vectors of described items that the checkpoint does not know.
    public fileprivate(set) var newItems: [ItemID: [Float]] = [:]
    /// The next record of each partition of the catalogue topic that is not in it.
    public fileprivate(set) var offsets: [Int32: Int64] = [:]
}

/// The catalogue and the index, kept up to date while they are read.
///
/// Known is what the checkpoint or the catalogue knows, so a shop without a catalogue works: the checkpoint's items are
/// recommended until a record withdraws them. One thread applies changes; any thread takes snapshots.
public final class LiveCatalogue: Sendable {
    private let model: Model
    private let state: Mutex<CatalogueSnapshot>

    /// The checkpoint's items with their trained vectors.
    ///
    /// - Throws: `RetrievalError` where a trained vector cannot be indexed.
    public init(model: Model) throws(RetrievalError) {
        self.model = model
        var index = ExactIndex(dimension: model.dimension)
        for (row, item) in model.items.enumerated() {
            try index.upsert(item, Span(_unsafeElements: model.trainedOutput(row)), number: Int32(row))
        }
        state = Mutex(CatalogueSnapshot(index: index))
    }

    /// The catalogue as it is now.
    public var snapshot: CatalogueSnapshot { state.withLock { $0 } }

    /// Applies the records of one partition up to `next`, all visible at once.
    ///
    /// - Returns: the items that could not be indexed, with the reason; their other changes are kept.
    @discardableResult
    public func apply(_ changes: [CatalogueChange], partition: Int32, next: Int64) -> [(item: ItemID, reason: String)] {
        var refused: [(item: ItemID, reason: String)] = []
        let records = changes.compactMap { if case .upsert(let item) = $0 { item } else { nil } }
        var vectors = [Float](repeating: 0, count: records.count * model.dimension)
        let outcomes = vectors.withUnsafeMutableBufferPointer { model.outputVectors(of: records, into: $0) }
        var copy = snapshot
        var record = 0
        for change in changes {
            switch change {
            case .upsert(let item):
                let vector = vectors[record * model.dimension..<(record + 1) * model.dimension]
                do { try upsert(item, vector, outcomes[record], &copy) } catch {
                    refused.append((item.item, "\(error)"))
                }
                record += 1
            case .withdrawal(let item):
                copy.index.remove(item)
                copy.newItems[item] = nil
            case .refused:
                break
            }
        }
        copy.offsets[partition] = next
        state.withLock { $0 = copy }
        return refused
    }

    private func upsert(
        _ item: CatalogueItem, _ vector: ArraySlice<Float>, _ outcome: CatalogueVector,
        _ snapshot: inout CatalogueSnapshot
    ) throws {
        // A record that cannot be used leaves what was known of its item.
        if case .refused(let fault) = outcome { throw fault }
        if model.row(of: item.item) == nil {
            snapshot.newItems[item.item] = outcome == .vector ? Array(vector) : nil
        }
        if item.inStock, outcome == .vector {
            try snapshot.index.upsert(item.item, vector.span, number: model.row(of: item.item).map(Int32.init))
        } else {
            snapshot.index.remove(item.item)
        }
    }
}
