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

    /// Advances `states[index].state` by its last entry, for each of `indexes`, which are distinct.
    func step(_ indexes: [Int], of states: inout [ShopperRecord]) {
        guard !indexes.isEmpty else { return }
        let (width, dimension) = (model.stateSize, model.dimension)
        var entries: [ShopperRecord.Entry] = []
        withUnsafeTemporaryAllocation(of: Float.self, capacity: indexes.count * (width + dimension)) { memory in
            guard let rows = memory.baseAddress else { return }
            let inputs = rows + indexes.count * width
            for (row, index) in indexes.enumerated() {
                states[index].state.write(to: rows + row * width, size: width)
                guard let entry = states[index].entries.last else { continue }
                copyInput(of: entry, to: inputs + row * dimension)
                entries.append(entry)
            }
            advance(entries, states: rows, inputs: inputs)
            for (row, index) in indexes.enumerated() {
                states[index].state = ShopperState(
                    rounding: UnsafeBufferPointer(start: rows + row * width, count: width))
            }
        }
    }

    /// Advances one state by one entry.
    func step(entry: ShopperRecord.Entry, state: inout ShopperState) {
        let width = model.stateSize
        withUnsafeTemporaryAllocation(of: Float.self, capacity: width + model.dimension) { memory in
            guard let numbers = memory.baseAddress else { return }
            state.write(to: numbers, size: width)
            copyInput(of: entry, to: numbers + width)
            advance([entry], states: numbers, inputs: numbers + width)
            state = ShopperState(rounding: UnsafeBufferPointer(start: numbers, count: width))
        }
    }

    private func advance(
        _ entries: [ShopperRecord.Entry], states: UnsafeMutablePointer<Float>, inputs: UnsafePointer<Float>
    ) {
        let actions = entries.map(\.action)
        let gaps = entries.map(\.gap)
        let changes = entries.map(\.changesSession)
        var starts: [Int32] = [0]
        var attributes: [Int32] = []
        for entry in entries {
            attributes += model.attributeRows(of: entry.attributes)
            starts.append(Int32(attributes.count))
        }
        starts.withUnsafeBufferPointer { starts in
            attributes.withUnsafeBufferPointer { rows in
                var known: StepAttributes?
                if let starts = starts.baseAddress, let first = rows.baseAddress, !rows.isEmpty {
                    known = StepAttributes(starts: starts, rows: first)
                }
                model.step(
                    StepBatch(
                        count: entries.count, states: states, inputs: inputs, actions: actions, gaps: gaps,
                        sessionChanges: changes, attributes: known),
                    scratch: scratch)
            }
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
