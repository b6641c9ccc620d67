/// The shared records of one batch, by their place among its shared keys. Those that a stage has changed are written with
/// the states; the others are only kept in memory.
public struct SharedRecords<Record> {
    public let keys: [StateKey]
    package private(set) var records: [Record]
    package private(set) var isChanged: [Bool]

    /// `records` are those of `keys`, in their order.
    package init(keys: [StateKey], records: [Record]) {
        self.keys = keys
        self.records = records
        isChanged = Array(repeating: false, count: keys.count)
    }

    /// The record at `place`.
    public subscript(place: Int) -> Record { records[place] }

    /// Changes the record at `place`.
    public mutating func update(_ place: Int, _ change: (inout Record) -> Void) {
        change(&records[place])
        isChanged[place] = true
    }
}
