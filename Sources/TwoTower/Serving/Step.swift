import Commerce

/// What a step takes of an event beside its item's vector.
public struct StepEvent: Sendable {
    public var action: Action
    /// Milliseconds since the shopper's previous event, nil for the first; below zero counts as 0.
    public var gap: Int64?
    /// Whether the event's session id is another than the shopper's last one.
    public var changesSession: Bool
    /// Rows of the shopper's attributes, as `Model.attributeRows(of:)` gives them.
    public var attributes: [Int32]

    public init(action: Action, gap: Int64?, changesSession: Bool = false, attributes: [Int32] = []) {
        self.action = action
        self.gap = gap
        self.changesSession = changesSession
        self.attributes = attributes
    }
}

/// One event each of up to `StepScratch.rows` different shoppers.
struct StepBatch {
    let events: ArraySlice<StepEvent>
    /// [count, stateSize]: advanced in place.
    let states: UnsafeMutablePointer<Float>
    /// [count, d]
    let inputs: UnsafePointer<Float>

    var count: Int { events.count }
    subscript(row: Int) -> StepEvent { events[events.startIndex + row] }
}

extension Model {
    /// Working memory of `step`: one per thread, reused, sized by this model.
    public func makeScratch() -> StepScratch { StepScratch(layout.shape) }

    /// Advances the states of shoppers, all different, by one event each, in O(d²) each and without allocating.
    ///
    /// A shopper's new state is a function of the shopper's own row: neither the batch, nor the processor's instruction
    /// set, nor the thread changes a bit of it.
    ///
    /// - Parameters:
    ///   - states: [events, stateSize].
    ///   - inputs: [events, d]: the input vectors of the items.
    public func step(
        _ events: [StepEvent], states: UnsafeMutableBufferPointer<Float>, inputs: UnsafeBufferPointer<Float>,
        scratch: StepScratch
    ) {
        precondition(
            states.count == events.count * stateSize && inputs.count == events.count * dimension,
            "states (\(states.count)) and inputs (\(inputs.count)) of \(events.count) events")
        guard let firstState = states.baseAddress, let firstInput = inputs.baseAddress else { return }
        for start in stride(from: 0, to: events.count, by: StepScratch.rows) {
            let part = StepBatch(
                events: events[start..<min(start + StepScratch.rows, events.count)],
                states: firstState + start * stateSize, inputs: firstInput + start * dimension)
            tower.step(part, scratch: scratch)
        }
    }

    /// The rows of an event's attributes that have an embedding, ascending: what `StepAttributes` holds.
    public func attributeRows(of attributes: [String: String]) -> [Int32] {
        self.attributes.tokens.isEmpty || attributes.isEmpty
            ? [] : self.attributes.rows(of: AttributeVocabulary.tokens(of: attributes))
    }

    /// The users' vectors [count, d] for scoring, a pure function of the states [count, stateSize].
    ///
    /// The learned factor on cosine scores is folded in here, so that the score is the dot product with an item's unit vector.
    public func readout(states: UnsafePointer<Float>, count: Int, into vectors: UnsafeMutablePointer<Float>) {
        for index in 0..<count {
            tower.readout(state: states + index * stateSize, into: vectors + index * dimension)
        }
    }
}
