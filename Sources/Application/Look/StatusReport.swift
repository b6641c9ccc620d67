import Connectors
import Kafka
import TwoTower

/// What `status` found; nil stands for what was not to be had, and a finding says why.
struct StatusReport {
    /// A partition of the events topic, as Redis and Kafka show it.
    struct EventPartition {
        var index: Int32
        /// Nil where no worker has claimed the partition yet, or Redis is away.
        var head: RedisHead?
        /// The next offset that the group has committed to Kafka.
        var committed: KafkaOffset?
        var marks: KafkaWatermarks?

        /// The next offset that the state in Redis wants.
        var next: Int64? { head?.position?.next.rawValue }

        /// Records behind the log's end; nil before the first commit.
        var lag: Int64? {
            guard let next, let end = marks?.high.rawValue else { return nil }
            return max(0, end.subtractingReportingOverflow(next).partialValue)
        }
    }

    /// Another topic.
    struct Topic {
        var name: String
        /// By partition; empty where the topic or Kafka is away.
        var marks: [KafkaWatermarks?] = []

        /// Offsets between the watermarks: the number of records, or more where compaction or transactions left holes.
        var records: Int64? {
            guard !marks.isEmpty, marks.allSatisfy({ $0 != nil }) else { return nil }
            return marks.reduce(0) { sum, marks in
                sum &+ max(0, (marks?.high.rawValue ?? 0) &- (marks?.low.rawValue ?? 0))
            }
        }
    }

    /// The checkpoint in force.
    struct ServedModel {
        var version: String
        var dimension: Int
        var items: Int
        var facts: TrainingFacts
    }

    var eventsTopic: String
    var group: String
    var namespace: String
    /// The topic's number of partitions, as Kafka has it.
    var partitionCount: Int?
    var partitions: [EventPartition] = []
    /// Whether Redis answered.
    var hasHeads = false
    var catalogue: Topic
    var recommendations: Topic
    var deadLetters: Topic
    var modelPath: String
    var model: ServedModel?
    var findings: [Finding] = []

    init(_ settings: Settings) {
        eventsTopic = settings.topics.events
        group = settings.kafka.group
        namespace = settings.redis.namespace
        catalogue = Topic(name: settings.topics.catalogue)
        recommendations = Topic(name: settings.topics.recommendations)
        deadLetters = Topic(name: settings.topics.deadLetters)
        modelPath = settings.model.path
    }

    /// Records of all partitions behind the log's end; nil where no partition's is known.
    var lag: Int64? {
        let known = partitions.compactMap(\.lag)
        return known.isEmpty ? nil : known.reduce(0, &+)
    }
}
