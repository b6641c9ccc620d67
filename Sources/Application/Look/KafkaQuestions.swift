import Kafka

/// Asks Kafka one question after another and keeps what went wrong; once the cluster is away it asks no more, so that
/// the rest of a report does not wait for it.
struct KafkaQuestions {
    let configuration: KafkaConfiguration
    let timeout: Duration
    private(set) var findings: [Finding] = []
    private var client: KafkaClient?

    /// - Parameters:
    ///   - group: whose committed offsets are asked for.
    ///   - timeout: of each question.
    init(_ settings: KafkaSettings, timeout: Duration) {
        configuration = settings.configuration(log: nil)
        self.timeout = timeout
        do throws(KafkaError) {
            client = try KafkaClient(configuration, group: settings.group)
        } catch {
            findings.add(.problem(error.message))
        }
    }

    /// The answer, or nil, with the reason among `findings`.
    mutating func ask<Answer>(_ question: (KafkaClient) throws(KafkaError) -> Answer) -> Answer? {
        guard let client else { return nil }
        do throws(KafkaError) {
            return try question(client)
        } catch {
            switch error.code {
            case .unreachable, .timedOut, .authentication, .closed:
                self.client = nil
                findings.add(.problem(error.message))
            case .unknownTopic:
                findings.add(.problem("\(error.message) (`breadcrumb topics apply` creates what is missing)"))
            default:
                findings.add(.problem(error.message))
            }
            return nil
        }
    }

    /// The number of partitions of a topic.
    mutating func partitionCount(of topic: String) -> Int? {
        let timeout = timeout
        return ask { (client) throws(KafkaError) in try client.partitionCount(of: topic, timeout: timeout) }
    }

    /// The watermarks of the first `count` partitions of a topic, nil where one was not to be had.
    mutating func watermarks(of topic: String, count: Int) -> [KafkaWatermarks?] {
        let timeout = timeout
        return (0..<Int32(clamping: count)).map { partition in
            ask { (client) throws(KafkaError) in
                try client.watermarks(of: topic, KafkaPartition(rawValue: partition), timeout: timeout)
            }
        }
    }
}
