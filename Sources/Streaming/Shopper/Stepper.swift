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
        var actions: [Action] = []
        var gaps: [Int64?] = []
        withUnsafeTemporaryAllocation(of: Float.self, capacity: indexes.count * (width + dimension)) { memory in
            guard let rows = memory.baseAddress else { return }
            let inputs = rows + indexes.count * width
            for (row, index) in indexes.enumerated() {
                // A record without a state (a new shopper, or one who starts anew) begins at the model's initial state.
                let state = states[index].state.isEmpty ? model.initialState : states[index].state
                state.withUnsafeBufferPointer { copy($0, to: rows + row * width) }
                guard let entry = states[index].entries.last else { continue }
                copyInput(of: entry, to: inputs + row * dimension)
                actions.append(entry.action)
                gaps.append(entry.gap)
            }
            advance(count: indexes.count, states: rows, inputs: inputs, actions, gaps)
            for (row, index) in indexes.enumerated() {
                states[index].state = Array(UnsafeBufferPointer(start: rows + row * width, count: width))
            }
        }
    }

    /// Advances one state by one entry.
    func step(entry: ShopperRecord.Entry, state: inout [Float]) {
        withUnsafeTemporaryAllocation(of: Float.self, capacity: model.dimension) { input in
            guard let input = input.baseAddress else { return }
            copyInput(of: entry, to: input)
            state.withUnsafeMutableBufferPointer { state in
                guard let state = state.baseAddress else { return }
                advance(count: 1, states: state, inputs: input, [entry.action], [entry.gap])
            }
        }
    }

    private func advance(
        count: Int, states: UnsafeMutablePointer<Float>, inputs: UnsafePointer<Float>, _ actions: [Action],
        _ gaps: [Int64?]
    ) {
        actions.withUnsafeBufferPointer { actions in
            gaps.withUnsafeBufferPointer { gaps in
                guard let actions = actions.baseAddress, let gaps = gaps.baseAddress else { return }
                model.step(
                    StepBatch(count: count, states: states, inputs: inputs, actions: actions, gaps: gaps),
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
