import Commerce
import TwoTower

/// How queries are drawn from a log.
public enum EvaluationProtocol: String, CaseIterable, Sendable {
    /// Split by time: train on what came before, ask while the rest streams; the product's own situation.
    case streaming
    /// Every user's last item is asked for; every method is trained on all others.
    case leaveOneOut = "leave-one-out"
    /// The same queries, but nothing is trained on the items that chose the settings: stricter, as many published tables
    /// have it.
    case leaveTwoOut = "leave-two-out"
}

/// Which queries: those that choose settings, or those that are reported.
public enum EvaluationStage: String, CaseIterable, Sendable {
    case validation
    case test
}

/// One question: which item does the user turn to at this event?
public struct Query: Sendable, Equatable {
    /// Row of the asked event in the log; the history is all of the user's events before it.
    public var row: Int
    /// Row of the user.
    public var user: Int32
    /// Row of the event's item.
    public var target: Int32
    /// Number of the user's events before.
    public var historyLength: Int
    /// Time of the event, milliseconds since 1970.
    public var time: Int64
}

/// What is trained on, what is asked and what is kept from a method: one stage of one protocol.
public struct Split: Sendable {
    /// What an event is there for.
    public enum Role: UInt8, Sendable {
        /// Trained on, and streamed.
        case training
        /// Streamed after the training: methods see it once it has happened.
        case streamed
        /// Never shown: it belongs to a later stage.
        case withheld
    }

    public let setting: EvaluationProtocol
    public let stage: EvaluationStage
    /// Per event of the log.
    public let roles: [Role]
    /// In order of the log.
    public let queries: [Query]
    /// Per item of the log, how many training events it has.
    public let trainingCounts: [Int32]
    /// Per item of the log, whether it occurs before the log's test period: what is not is a cold item, in every protocol,
    /// so that the figure is the same for whoever recomputes it from the two files alone.
    public let isKnown: [Bool]

    /// At most so many queries of one user in the streaming protocol: the first ones of the period.
    public static let queriesPerUser = 10

    /// The split of a log.
    ///
    /// - Throws: `EvaluationError` if it has no training event or no query.
    public init(_ log: EvaluationLog, _ setting: EvaluationProtocol, _ stage: EvaluationStage) throws(EvaluationError) {
        let (roles, asked) =
            switch setting {
            case .streaming: Self.streaming(log, stage)
            case .leaveOneOut: Self.lastItems(log, stage, trainsOnValidation: true)
            case .leaveTwoOut: Self.lastItems(log, stage, trainsOnValidation: false)
            }
        guard !asked.isEmpty, roles.contains(.training) else {
            throw EvaluationError(
                "the \(setting.rawValue) protocol finds no query with training events before it in the \(stage.rawValue) "
                    + "part of \(log.count) events: give a longer log")
        }
        var counts = [Int32](repeating: 0, count: log.items.count)
        var known = [Bool](repeating: false, count: log.items.count)
        for row in 0..<log.count {
            let event = log[row]
            if roles[row] == .training { counts[Int(event.item)] += 1 }
            if event.time < log.testStart { known[Int(event.item)] = true }
        }
        self.setting = setting
        self.stage = stage
        self.roles = roles
        queries = asked.sorted().map { row in
            let event = log[row]
            return Query(
                row: row, user: event.user, target: event.item, historyLength: event.position, time: event.time)
        }
        trainingCounts = counts
        isKnown = known
    }

    /// A split with fewer queries: `count` of them drawn by `seed`, in order of the log; the same one if it has no more.
    public func sample(_ count: Int, seed: UInt64) -> Split {
        guard queries.count > count else { return self }
        var generator = SplitMix64(seed: seed)
        let chosen = queries.shuffled(using: &generator).prefix(count).sorted { $0.row < $1.row }
        return Split(self, queries: chosen)
    }

    private init(_ other: Split, queries: [Query]) {
        setting = other.setting
        stage = other.stage
        roles = other.roles
        trainingCounts = other.trainingCounts
        isKnown = other.isKnown
        self.queries = queries
    }

    /// Events before the period train; asked is every event of the period on an item new to its user, who has a history.
    private static func streaming(_ log: EvaluationLog, _ stage: EvaluationStage) -> (roles: [Role], asked: [Int]) {
        let start = stage == .test ? log.testStart : log.validationStart
        let end = stage == .test ? Int64.max : log.testStart
        let roles = (0..<log.count).map { row -> Role in
            let time = log[row].time
            return time < start ? .training : stage == .test || time < end ? .streamed : .withheld
        }
        var asked: [Int] = []
        for user in log.users.indices {
            var seen: Set<Int32> = []
            var count = 0
            for row in log.events(of: Int32(user)) {
                let isNew = seen.insert(log.item(at: row)).inserted
                guard isNew, seen.count > 1, roles[Int(row)] == .streamed, count < queriesPerUser else { continue }
                asked.append(Int(row))
                count += 1
            }
        }
        return (roles, asked)
    }

    /// Of each user with three events or more the last is the test and the one before it the validation.
    private static func lastItems(
        _ log: EvaluationLog, _ stage: EvaluationStage, trainsOnValidation: Bool
    ) -> (roles: [Role], asked: [Int]) {
        var roles = [Role](repeating: .training, count: log.count)
        var asked: [Int] = []
        for user in log.users.indices {
            let events = log.events(of: Int32(user))
            guard events.count >= 3, let last = events.last else { continue }
            let before = events[events.endIndex - 2]
            let query = stage == .test ? last : before
            roles[Int(query)] = .streamed
            if stage == .validation { roles[Int(last)] = .withheld }
            if !trainsOnValidation { roles[Int(before)] = .streamed }
            asked.append(Int(query))
        }
        return (roles, asked)
    }
}
