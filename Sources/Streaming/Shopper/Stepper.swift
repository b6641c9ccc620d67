import Commerce
import TwoTower

/// Steps shoppers' states by their newest entry, many together, in memory that is reused.
struct Stepper {
    private let model: Model
    private let scratch: StepScratch

    init(model: Model) {
        self.model = model
        scratch = model.makeScratch()
    }

    /// Advances `states[index].state` by its last entry, for each of `indexes`, which are distinct and have one.
    func step(_ indexes: [Int], of states: inout [ShopperRecord]) {
        guard !indexes.isEmpty else { return }
        let width = model.stateSize
        let entries = indexes.compactMap { states[$0].entries.last }
        precondition(entries.count == indexes.count, "a shopper without an event")
        withRows(of: entries) { rows in
            for (row, index) in indexes.enumerated() { states[index].state.write(to: rows + row * width, size: width) }
        } then: { rows in
            for (row, index) in indexes.enumerated() {
                states[index].state = ShopperState(
                    rounding: UnsafeBufferPointer(start: rows + row * width, count: width))
            }
        }
    }

    /// Advances one state by one entry.
    func step(entry: ShopperRecord.Entry, state: inout ShopperState) {
        let width = model.stateSize
        withRows(of: [entry]) { rows in
            state.write(to: rows, size: width)
        } then: { rows in
            state = ShopperState(rounding: UnsafeBufferPointer(start: rows, count: width))
        }
    }

    /// Advances states [entries, stateSize] that `load` writes, and hands them to `store`.
    private func withRows(
        of entries: [ShopperRecord.Entry], load: (UnsafeMutablePointer<Float>) -> Void,
        then store: (UnsafePointer<Float>) -> Void
    ) {
        let (count, width, dimension) = (entries.count, model.stateSize, model.dimension)
        withUnsafeTemporaryAllocation(of: Float.self, capacity: count * (width + dimension)) { memory in
            guard let rows = memory.baseAddress else { return }
            let inputs = rows + count * width
            load(rows)
            for (row, entry) in entries.enumerated() { copyInput(of: entry, to: inputs + row * dimension) }
            let events = entries.map {
                StepEvent(
                    action: $0.action, gap: $0.gap, changesSession: $0.changesSession,
                    attributes: model.attributeRows(of: $0.attributes))
            }
            model.step(
                events, states: UnsafeMutableBufferPointer(start: rows, count: count * width),
                inputs: UnsafeBufferPointer(start: inputs, count: count * dimension), scratch: scratch)
            store(rows)
        }
    }

    /// A pure function of the entry and the checkpoint: the trained vector, the frozen one, or the unknown item's.
    private func copyInput(of entry: ShopperRecord.Entry, to target: UnsafeMutablePointer<Float>) {
        if let row = model.row(of: entry.item) {
            copy(model.trainedInput(row), to: target)
        } else if let vector = entry.vector, vector.count == model.dimension {
            vector.withUnsafeBufferPointer { copy($0, to: target) }
        } else {
            copy(model.unknownInput, to: target)
        }
    }

    private func copy(_ source: UnsafeBufferPointer<Float>, to target: UnsafeMutablePointer<Float>) {
        guard let start = source.baseAddress else { return }
        target.update(from: start, count: source.count)
    }
}
