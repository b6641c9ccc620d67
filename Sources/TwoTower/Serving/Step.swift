import Commerce

/// The user attributes of a batch of events: event i has those of rows `rows[starts[i]..<starts[i + 1]]`.
public struct StepAttributes {
    /// [count + 1]
    public var starts: UnsafePointer<Int32>
    /// As `Model.attributeRows(of:)` gives them.
    public var rows: UnsafePointer<Int32>

    public init(starts: UnsafePointer<Int32>, rows: UnsafePointer<Int32>) {
        self.starts = starts
        self.rows = rows
    }
}

/// One event each of `count` different shoppers, as a step takes them.
public struct StepBatch {
    public var count: Int
    /// [count, stateSize]: advanced in place.
    public var states: UnsafeMutablePointer<Float>
    /// [count, d]: the input vectors of the items.
    public var inputs: UnsafePointer<Float>
    /// [count]
    public var actions: UnsafePointer<Action>
    /// [count]: milliseconds since the shopper's previous event, nil for the first; below zero counts as 0.
    public var gaps: UnsafePointer<Int64?>
    /// [count]: whether the event's session id is another than the shopper's last one; nil where none is.
    public var sessionChanges: UnsafePointer<Bool>?
    /// Nil where no event has a known attribute.
    public var attributes: StepAttributes?

    public init(
        count: Int, states: UnsafeMutablePointer<Float>, inputs: UnsafePointer<Float>, actions: UnsafePointer<Action>,
        gaps: UnsafePointer<Int64?>, sessionChanges: UnsafePointer<Bool>? = nil, attributes: StepAttributes? = nil
    ) {
        self.count = count
        self.states = states
        self.inputs = inputs
        self.actions = actions
        self.gaps = gaps
        self.sessionChanges = sessionChanges
        self.attributes = attributes
    }
}

extension Model {
    /// Working memory of `step`: one per thread, reused, sized by this model.
    public func makeScratch() -> StepScratch { StepScratch(layout.shape) }

    /// Advances the states of `batch.count` shoppers by one event each, in O(d²) each and without allocating.
    ///
    /// A shopper's new state is a function of the shopper's own row: neither the batch, nor the processor's instruction
    /// set, nor the thread changes a bit of it.
    public func step(_ batch: StepBatch, scratch: StepScratch) {
        for start in stride(from: 0, to: batch.count, by: StepScratch.rows) {
            let part = StepBatch(
                count: min(StepScratch.rows, batch.count - start), states: batch.states + start * stateSize,
                inputs: batch.inputs + start * dimension, actions: batch.actions + start, gaps: batch.gaps + start,
                sessionChanges: batch.sessionChanges.map { $0 + start },
                attributes: batch.attributes.map { StepAttributes(starts: $0.starts + start, rows: $0.rows) })
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
