import Configuration

/// Shows where the pipeline stands: partitions, topics and the model.
struct StatusCommand: Command {
    static let name = "status"
    static let abstract = "Shows where the pipeline stands: partitions, topics and the model."

    private let isJSON: Bool
    private let probe: StatusProbe

    init(reading arguments: inout ArgumentReader) {
        isJSON = arguments.flag("json", "Prints one line of JSON instead of tables.")
        let timeout = arguments.kafkaTimeout()
        probe = StatusProbe(settings: arguments.settings().settings, timeout: timeout)
    }

    func run() -> ExitCode {
        let report = probe.report()
        print(isJSON ? report.json : report.text, terminator: "")
        return report.findings.areHarmless ? .success : .failure
    }
}

extension ArgumentReader {
    /// How long each question to Kafka may take.
    mutating func kafkaTimeout() -> Duration {
        option(
            "timeout", default: .seconds(10), accepting: .within(.milliseconds(100) ... .seconds(300)),
            "How long each question to Kafka may take; Redis has redis.timeout.")
    }
}
