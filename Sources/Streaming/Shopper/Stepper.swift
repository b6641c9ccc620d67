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

    /// Advances `states[index].state` by its last entry, for each of `indexes`, which are distinct and have one; their `rows` are
    /// those of the model.
    func step(_ indexes: [Int], of states: inout [ShopperRecord]) {
        let (count, width, dimension) = (indexes.count, model.stateSize, model.dimension)
        guard count > 0 else { return }
        withUnsafeTemporaryAllocation(of: Float.self, capacity: count * (width + dimension)) { memory in
            guard let rows = memory.baseAddress else { return }
            let inputs = rows + count * width
            var events: [StepEvent] = []
            events.reserveCapacity(count)
            for (row, index) in indexes.enumerated() {
                states[index].state.write(to: rows + row * width, size: width)
                let last = states[index].entries.count - 1
                events.append(event(of: states[index].entries[last]))
                copyInput(of: states[index].entries[last], states[index].rows.newest, to: inputs + row * dimension)
            }
            model.step(
                events, states: UnsafeMutableBufferPointer(start: rows, count: count * width),
                inputs: UnsafeBufferPointer(start: inputs, count: count * dimension), scratch: scratch)
            for (row, index) in indexes.enumerated() {
                states[index].state.round(UnsafeBufferPointer(start: rows + row * width, count: width))
            }
        }
    }

    /// Advances one state by one entry.
    func step(entry: ShopperRecord.Entry, state: inout ShopperState) {
        let (width, dimension) = (model.stateSize, model.dimension)
        withUnsafeTemporaryAllocation(of: Float.self, capacity: width + dimension) { memory in
            guard let row = memory.baseAddress else { return }
            state.write(to: row, size: width)
            copyInput(of: entry, model.row(of: entry.item), to: row + width)
            model.step(
                [event(of: entry)], states: UnsafeMutableBufferPointer(start: row, count: width),
                inputs: UnsafeBufferPointer(start: row + width, count: dimension), scratch: scratch)
            state.round(UnsafeBufferPointer(start: row, count: width))
        }
    }

    private func event(of entry: ShopperRecord.Entry) -> StepEvent {
        StepEvent(
            action: entry.action, gap: entry.gap, changesSession: entry.changesSession,
            attributes: model.attributeRows(of: entry.attributes))
    }

    /// A pure function of the entry and the checkpoint: the trained vector of the row, the frozen one, or the unknown item's.
    private func copyInput(of entry: ShopperRecord.Entry, _ row: Int?, to target: UnsafeMutablePointer<Float>) {
        if let row {
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
