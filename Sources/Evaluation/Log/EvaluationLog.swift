import Commerce
import TwoTower

/// A shop's events as an evaluation streams them: sorted by time, ties in the order of the file, identifiers as rows.
public struct EvaluationLog: Sendable {
    /// Row to shopper, in order of first appearance in the file.
    public let users: [Shopper]
    /// Row to item: those of the events, then those of the catalogue alone. All of them are candidates of every list.
    public let items: [ItemID]
    /// Start of the validation period: the time of the event at 80% of the rows, in milliseconds since 1970.
    public let validationStart: Int64
    /// Start of the test period: the time of the event at 90% of the rows, in milliseconds since 1970.
    public let testStart: Int64
    /// Every catalogue record that was given; of records with equal identifiers the last counts.
    public let catalogue: [CatalogueItem]
    /// The different sets of user attributes that events bear.
    public let attributeSets: [[String: String]]

    private let columns: [Entry]
    private let positions: [Int32]
    private let catalogueRows: [Int32]
    /// User u has the events `userEvents[userStarts[u]..<userStarts[u + 1]]`.
    private let userStarts: [Int]
    private let userEvents: [Int32]

    /// Row to session identifier, in order of first appearance in the file.
    private let sessions: [String]

    struct Entry: Sendable {
        var user: Int32
        var item: Int32
        /// Row of the session, or -1.
        var session: Int32
        var attributes: Int32
        var action: Action
        var time: Int64
    }

    /// - Parameters:
    ///   - entries: in the order of the file.
    ///   - catalogueRows: per item its place in `catalogue`, or -1.
    init(
        entries: [Entry], users: [Shopper], items: [ItemID], sessions: [String],
        attributeSets: [[String: String]], catalogue: [CatalogueItem], catalogueRows: [Int32]
    ) throws(EvaluationError) {
        guard !entries.isEmpty else {
            throw EvaluationError("there is no event to evaluate on: give a file with at least one good row")
        }
        guard entries.count < Int32.max, items.count < Int32.max else {
            throw EvaluationError(
                "\(entries.count) events on \(items.count) items are more than an evaluation can number: give a part of the log"
            )
        }
        let order = entries.indices.sorted { (entries[$0].time, $0) < (entries[$1].time, $1) }
        let sorted = order.map { entries[$0] }
        validationStart = sorted[Int(Double(sorted.count) * 0.8)].time
        testStart = sorted[Int(Double(sorted.count) * 0.9)].time
        var starts = [Int](repeating: 0, count: users.count + 1)
        for entry in sorted { starts[Int(entry.user) + 1] += 1 }
        for user in users.indices { starts[user + 1] += starts[user] }
        var positions = [Int32](repeating: 0, count: sorted.count)
        var events = [Int32](repeating: 0, count: sorted.count)
        var next = starts
        for (row, entry) in sorted.enumerated() {
            let user = Int(entry.user)
            positions[row] = Int32(next[user] - starts[user])
            events[next[user]] = Int32(row)
            next[user] += 1
        }
        self.users = users
        self.items = items
        self.sessions = sessions
        self.attributeSets = attributeSets
        self.catalogue = catalogue
        self.catalogueRows = catalogueRows
        self.positions = positions
        columns = sorted
        userStarts = starts
        userEvents = events
    }

    /// Number of events.
    public var count: Int { columns.count }

    /// The event of a row, 0 ..< `count`.
    public subscript(row: Int) -> LogEvent {
        let entry = columns[row]
        return LogEvent(
            row: row, user: entry.user, item: entry.item, action: entry.action, time: entry.time,
            position: Int(positions[row]), session: entry.session, attributes: entry.attributes)
    }

    /// The rows of a user's events, in order.
    public func events(of user: Int32) -> ArraySlice<Int32> {
        userEvents[userStarts[Int(user)]..<userStarts[Int(user) + 1]]
    }

    /// The item of a row: the one column that inner loops read.
    @inline(__always) public func item(at row: Int32) -> Int32 { columns[Int(row)].item }

    /// The catalogue's record of an item, if it has one.
    public func record(of item: Int32) -> CatalogueItem? {
        let row = catalogueRows[Int(item)]
        return row < 0 ? nil : catalogue[Int(row)]
    }

    /// The event of a row with its identifiers: who, what, when, and what is known of session and user.
    public func event(at row: Int) -> Event {
        let entry = columns[row]
        return Event(
            action: entry.action, shopper: users[Int(entry.user)], item: items[Int(entry.item)],
            time: EventTime(milliseconds: entry.time),
            sessionID: entry.session < 0 ? nil : sessions[Int(entry.session)],
            attributes: attributeSets[Int(entry.attributes)])
    }

    /// The training events of a split as the towers take them.
    public func trainingLog(_ split: Split) -> TrainingLog {
        var log = TrainingLog()
        for row in 0..<count where split.roles[row] == .training { log.append(event(at: row)) }
        return log
    }
}
