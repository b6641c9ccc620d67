import Commerce
import Foundation

/// Everything that an evaluation found out, with all that is needed to repeat it: the content of `report.json`.
public struct Report: Codable, Sendable, Equatable {
    /// The form of the file that this program writes and reads.
    public static let currentFormat = 1
    /// The methods that lifts are told over, where they are among those evaluated.
    public static let baselines = ["als", "item-knn"]

    /// The form of the file.
    public var format = Report.currentFormat
    public var facts: Facts
    /// In the order in which they were asked for.
    public var methods: [Method]

    /// What was evaluated, on which data and where.
    public struct Facts: Codable, Sendable, Equatable {
        /// Of the shop or the run: the name of the report's folder.
        public var name: String
        /// `streaming`, `leave-one-out` or `leave-two-out`.
        public var `protocol`: String
        /// The events' file, without its folder.
        public var eventsFile: String
        /// The catalogue's file, without its folder; nil where there was none.
        public var itemsFile: String?
        /// Number of events.
        public var events: Int
        /// Number of users with an event.
        public var users: Int
        /// Number of items: all that occur in the events or the catalogue. They are the candidates of every list.
        public var items: Int
        /// Number of items with a catalogue record.
        public var describedItems: Int
        /// Number of test queries.
        public var queries: Int
        /// Number of users who ask one.
        public var queryUsers: Int
        /// Start of the validation period, RFC 3339.
        public var validationStart: String
        /// Start of the test period, RFC 3339.
        public var testStart: String
        /// When the evaluation began, RFC 3339.
        public var date: String
        /// Seed of every random choice, the resamples' included.
        public var seed: UInt64
        /// Seconds that one training of the towers may take; nil for no limit.
        public var timeLimit: Double?
        /// Folder of the checkpoint that took a training's place, without where it lies; nil where the towers were trained.
        public var model: String?
        public var machine: Machine
        /// Of the program.
        public var version: String

        /// The facts of an evaluation on `log` with the queries of `split`.
        ///
        /// - Parameters:
        ///   - date: when it began, milliseconds since 1970.
        public init(
            name: String, log: EvaluationLog, split: Split, eventsFile: String, itemsFile: String?, date: Int64,
            seed: UInt64, timeLimit: Double? = nil, model: String? = nil, machine: Machine, version: String
        ) {
            func text(_ time: Int64) -> String { EventTime(milliseconds: time).rfc3339 }
            self.name = name
            self.protocol = split.setting.rawValue
            self.eventsFile = eventsFile
            self.itemsFile = itemsFile
            events = log.count
            users = log.users.count
            items = log.items.count
            describedItems = log.items.indices.count { log.record(of: Int32($0)) != nil }
            queries = split.queries.count
            queryUsers = Set(split.queries.map(\.user)).count
            validationStart = text(log.validationStart)
            testStart = text(log.testStart)
            self.date = text(date)
            self.seed = seed
            self.timeLimit = timeLimit
            self.model = model
            self.machine = machine
            self.version = version
        }
    }

    /// One method's figures.
    public struct Method: Codable, Sendable, Equatable {
        public var name: String
        /// The settings in force by name, chosen on validation or fixed.
        public var settings: [String: String]
        public var metrics: Metrics
        /// By baseline, how recall@10 stands to its: of `Report.baselines` those that were evaluated, the method itself left
        /// out.
        public var lifts: [String: Lift]
        /// Wall time of choosing settings, in seconds.
        public var tuningSeconds: Double
        /// Wall time of the training with the chosen settings, in seconds.
        public var trainingSeconds: Double
        /// Wall time of streaming the log and ranking, in seconds.
        public var queryingSeconds: Double
        /// Empty where training has no epochs.
        public var curve: [CurvePoint]
        /// What validation chose from, in the order tried.
        public var trials: [Try]

        /// Settings that were tried.
        public struct Try: Codable, Sendable, Equatable {
            public var settings: [String: String]
            /// recall@10 on the validation queries.
            public var recall: Double
            /// What it took, in seconds.
            public var seconds: Double
        }

        public init(_ result: MethodResult, lifts: [String: Lift]) {
            name = result.name
            settings = Self.byName(result.settings)
            metrics = result.metrics
            self.lifts = lifts
            tuningSeconds = result.tuningSeconds
            trainingSeconds = result.trainingSeconds
            queryingSeconds = result.queryingSeconds
            curve = result.curve
            trials = result.trials.map {
                Try(settings: Self.byName($0.settings), recall: $0.recall, seconds: $0.seconds)
            }
        }

        private static func byName(_ settings: [Setting]) -> [String: String] {
            Dictionary(settings.map { ($0.name, $0.value) }, uniquingKeysWith: { _, last in last })
        }
    }

    /// The report of methods that answered the same queries.
    public init(facts: Facts, results: [MethodResult]) {
        self.facts = facts
        methods = results.map { result in
            let baselines = results.filter { Self.baselines.contains($0.name) && $0.name != result.name }
            let lifts = baselines.map { ($0.name, Lift(result.queries, over: $0.queries, seed: facts.seed)) }
            return Method(result, lifts: Dictionary(lifts, uniquingKeysWith: { first, _ in first }))
        }
    }

    /// The method of that name, if it was evaluated.
    public func method(_ name: String) -> Method? { methods.first { $0.name == name } }

    /// Wall time of everything, in seconds: a training that methods share is counted once.
    public var seconds: Double {
        let hasOwn = method(MethodGlossary.own) != nil
        return methods.reduce(0) { sum, method in
            let shares = hasOwn && MethodGlossary.isVariant(method.name)
            return sum + method.queryingSeconds + (shares ? 0 : method.tuningSeconds + method.trainingSeconds)
        }
    }

    // MARK: The file

    private static let infinite = "infinite"
    private static let undefined = "undefined"

    /// The content of `report.json`: names sorted, so equal reports are equal files. What is no number is one of the words
    /// `infinite` and `undefined`: a lift over a baseline without a hit has no end.
    public func json() throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: Self.infinite, negativeInfinity: "-" + Self.infinite, nan: Self.undefined)
        return try encoder.encode(self) + Data("\n".utf8)
    }

    /// Reads what `json` wrote.
    /// - Parameter file: its name, for errors.
    /// - Throws: `EvaluationError` if it is not a report, or of another form.
    public init(json: Data, file: String) throws(EvaluationError) {
        let decoder = JSONDecoder()
        decoder.nonConformingFloatDecodingStrategy = .convertFromString(
            positiveInfinity: Self.infinite, negativeInfinity: "-" + Self.infinite, nan: Self.undefined)
        struct Head: Decodable { var format: Int }
        guard let head = try? decoder.decode(Head.self, from: json) else {
            throw EvaluationError("\(file): is not a report: `breadcrumb evaluate` writes one as report.json")
        }
        guard head.format == Self.currentFormat else {
            throw EvaluationError(
                "\(file): has the form \(head.format), this program reads \(Self.currentFormat): evaluate again")
        }
        do { self = try decoder.decode(Report.self, from: json) } catch {
            throw EvaluationError("\(file): is damaged: \(Self.reason(error)); evaluate again")
        }
    }

    private static func reason(_ error: any Error) -> String {
        func place(_ path: [any CodingKey]) -> String { path.map(\.stringValue).joined(separator: ".") }
        return switch error {
        case DecodingError.keyNotFound(let key, let context): "\(place(context.codingPath + [key])) is missing"
        case DecodingError.typeMismatch(let type, let context): "\(place(context.codingPath)) is no \(type)"
        case DecodingError.valueNotFound(let type, let context): "\(place(context.codingPath)) is null, no \(type)"
        default: "it does not read as JSON"
        }
    }
}
