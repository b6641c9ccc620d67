import Configuration

/// Everything that can be set, in the order in which it is documented.
public struct Settings: ConfigurationSection {
    /// `kafka.…`
    public var kafka: KafkaSettings
    /// `topics.…`
    public var topics: TopicSettings
    /// `redis.…`
    public var redis: RedisSettings
    /// `model.…`
    public var model: ModelSettings
    /// `events.…`
    public var events: EventSettings
    /// `history.…`
    public var history: HistorySettings
    /// `markets.…`
    public var markets: MarketSettings
    /// `trending.…`
    public var trending: TrendingSettings
    /// `retrieval.…`
    public var retrieval: RetrievalSettings
    /// `lists.…`
    public var lists: ListSettings
    /// `filters.…`
    public var filters: FilterSettings
    /// `rules.…`
    public var rules: RuleSettings
    /// `workers.…`
    public var workers: WorkerSettings
    /// `http.…`
    public var http: HTTPSettings
    /// `log.…`
    public var log: LogSettings

    /// Declares and reads every key.
    public init(reading keys: inout KeyReader) {
        kafka = KafkaSettings(reading: &keys)
        topics = TopicSettings(reading: &keys)
        redis = RedisSettings(reading: &keys)
        model = ModelSettings(reading: &keys)
        events = EventSettings(reading: &keys)
        history = HistorySettings(reading: &keys)
        markets = MarketSettings(reading: &keys)
        trending = TrendingSettings(reading: &keys)
        retrieval = RetrievalSettings(reading: &keys)
        lists = ListSettings(reading: &keys)
        filters = FilterSettings(reading: &keys)
        rules = RuleSettings(reading: &keys)
        rules.check(lists, filters, &keys)
        workers = WorkerSettings(reading: &keys)
        http = HTTPSettings(reading: &keys)
        log = LogSettings(reading: &keys)
    }

    /// Variables that are no keys: what only tests and scripts read.
    public static let otherVariables = [
        "BREADCRUMB_DATA", "BREADCRUMB_KAFKA", "BREADCRUMB_KAFKA_CONTROL", "BREADCRUMB_RECOMPUTE",
        "BREADCRUMB_ASYNCAPI", "BREADCRUMB_TORCH_PYTHON",
    ]

    /// Every key as declared, whatever this process was given.
    public static func declaredKeys() -> [KeyEntry] {
        var nothing = ArgumentReader([])
        return nothing.settings(Settings.self).entries
    }
}

extension ArgumentReader {
    /// Reads the application's settings: file, environment, flags.
    public mutating func settings() -> Configured<Settings> {
        settings(Settings.self, ignoring: Settings.otherVariables)
    }
}
