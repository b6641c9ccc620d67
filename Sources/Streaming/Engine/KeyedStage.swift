import Commerce

/// A step of the stream over keyed state: the shoppers' stage. The engine gives it ordered input and the state of
/// each key, and takes the new states and the records to publish; reading, fencing, delivery and the atomic commit are
/// the engine's.
///
/// Beside the state of its key an entry may read and change *shared* records, which entries of many keys have in common: counts
/// over the whole partition, for instance. They are loaded, fenced and committed as the states are.
///
/// A stage is used from one thread, so it may keep scratch memory. What it returns depends on its arguments, the model
/// and the catalogue alone: neither on the clock nor on how the log was cut into batches.
public protocol KeyedStage: AnyObject, SendableMetatype {
    /// What a record says, decoded.
    associatedtype Input
    /// The state of one key, decoded.
    associatedtype State
    /// A shared record, decoded.
    associatedtype Shared
    /// What to count once a batch has been committed.
    associatedtype Receipt

    /// Reads one record of the log.
    func decode(_ record: LogRecord) -> Intake<Input>

    /// The state stored under `key`; nil bytes are a key seen for the first time.
    func restore(_ bytes: [UInt8]?, key: StateKey) throws(StreamError) -> State

    /// The bytes to store for a state.
    func store(_ state: State) -> [UInt8]

    /// The keys of the shared records that these entries may read or change, each once and none of them the key of a state.
    /// `states` are those before the first entry.
    func sharedKeys(of entries: [Entry<Input>], states: [State]) -> [StateKey]

    /// The shared record stored under `key`; nil bytes are a record that nothing has changed yet.
    func restoreShared(_ bytes: [UInt8]?, key: StateKey) throws(StreamError) -> Shared

    /// The bytes to store for a shared record.
    func storeShared(_ shared: Shared) -> [UInt8]

    /// Applies `entries` in order, each to `states[entry.state]`, and returns what to publish, in the order of offsets.
    ///
    /// - Parameter shared: the records of `sharedKeys`, in their order.
    func apply(
        _ entries: [Entry<Input>], to states: inout [State], sharing shared: inout SharedRecords<Shared>
    ) throws(StreamError) -> Outcome<Receipt>

    /// A batch whose records were delivered has been committed; `receipt` is what `apply` returned for it.
    func committed(_ receipt: Receipt)
}

/// What became of a record when it was decoded.
public enum Intake<Input> {
    /// It belongs to the state under the key.
    case keyed(StateKey, Input)
    /// It cannot be processed and is kept as this record of the dead-letter topic.
    case refused(OutputRecord)
}

/// One decoded record of a batch.
public struct Entry<Input> {
    public var input: Input
    /// The index of its key's state among the batch's states.
    public var state: Int
    public var offset: Offset
    public var partition: PartitionIndex
    /// The record's own timestamp in the log.
    public var timestamp: EventTime
}

/// What a stage made of a batch.
public struct Outcome<Receipt> {
    public var records: [OutputRecord]
    public var receipt: Receipt

    public init(records: [OutputRecord], receipt: Receipt) {
        self.records = records
        self.receipt = receipt
    }
}
