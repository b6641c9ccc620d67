/// What a method answered to one query.
public struct QueryResult: Sendable, Equatable {
    public var query: Query
    /// 1 is first. Candidates are all items outside the user's history; a target that ties comes after its equals, one that
    /// the method cannot score comes last, one inside the history (leave-one-out alone has such) behind the last.
    public var rank: Int
    /// The first items of the list, best first, at most `Ranker.listLength`: rows of the log. Items that the method cannot
    /// score are left out.
    public var top: [Int32]

    package init(query: Query, rank: Int, top: [Int32]) {
        self.query = query
        self.rank = rank
        self.top = top
    }
}

/// A point of a training curve.
public struct CurvePoint: Codable, Sendable, Equatable {
    /// Seconds since training began.
    public var seconds: Double
    /// Epochs done, a fraction inside one.
    public var epoch: Double
    /// Mean training loss since the point before; nil where a method has none.
    public var loss: Double?
    /// recall@10 on the validation queries; nil where it was not measured.
    public var recall: Double?

    public init(seconds: Double, epoch: Double, loss: Double?, recall: Double?) {
        self.seconds = seconds
        self.epoch = epoch
        self.loss = loss
        self.recall = recall
    }
}

/// A setting by name, as text for a report.
public struct Setting: Sendable, Equatable {
    public var name: String
    public var value: String

    public init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}

/// Settings that were tried and what they reached on validation.
public struct Trial: Sendable, Equatable {
    public var settings: [Setting]
    /// recall@10 on the validation queries.
    public var recall: Double
    /// What it took, in seconds.
    public var seconds: Double

    package init(settings: [Setting], recall: Double, seconds: Double) {
        self.settings = settings
        self.recall = recall
        self.seconds = seconds
    }
}

/// Everything that an evaluation knows of one method.
public struct MethodResult: Sendable {
    /// Also the name of its dump: `als`, `item-knn`, `sequential`.
    public var name: String
    /// The settings in force, chosen on validation or fixed.
    public var settings: [Setting]
    /// In order of the log.
    public var queries: [QueryResult]
    public var metrics: Metrics
    /// Empty where training has no epochs.
    public var curve: [CurvePoint]
    /// What validation chose from, in the order tried.
    public var trials: [Trial]
    /// Wall time of choosing settings, in seconds.
    public var tuningSeconds: Double
    /// Wall time of the training with the chosen settings, in seconds.
    public var trainingSeconds: Double
    /// Wall time of streaming the log and ranking, in seconds.
    public var queryingSeconds: Double

    public init(
        name: String, settings: [Setting], queries: [QueryResult], metrics: Metrics, curve: [CurvePoint] = [],
        trials: [Trial] = [], tuningSeconds: Double, trainingSeconds: Double, queryingSeconds: Double
    ) {
        self.name = name
        self.settings = settings
        self.queries = queries
        self.metrics = metrics
        self.curve = curve
        self.trials = trials
        self.tuningSeconds = tuningSeconds
        self.trainingSeconds = trainingSeconds
        self.queryingSeconds = queryingSeconds
    }
}
