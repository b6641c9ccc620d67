import Bytes
import Commerce
import Connectors
import Foundation
import Kafka
import Streaming
import TwoTower

/// A shopper of whom nothing is known.
struct UnknownShopper: Error, CustomStringConvertible {
    let description: String
}

/// Gathers what `user` shows. What is away is a finding, and the rest is gathered all the same.
struct ShopperProbe {
    let settings: Settings
    let shopper: Shopper
    /// Of each question to Kafka.
    let timeout: Duration

    /// Asks everyone; throws `UnknownShopper` where there is neither state nor list.
    func report() throws(UnknownShopper) -> ShopperReport {
        var report = ShopperReport(shopper, settings)
        var kafka = KafkaQuestions(settings.kafka, timeout: timeout)
        report.partitionCount = kafka.partitionCount(of: settings.topics.events)
        let other = gatherState(&report)
        gatherList(&report, &kafka)
        if report.stored == nil, report.newest == nil, report.findings.areHarmless, kafka.findings.isEmpty {
            throw unknown(report, other)
        }
        gatherModel(&report)
        gatherTitles(&report, &kafka)
        report.findings += kafka.findings
        return report
    }

    /// Gives the shopper of the other kind with the same id, where that one has state.
    private func gatherState(_ report: inout ShopperReport) -> Shopper? {
        do {
            let redis = try settings.redis.reader()
            let head = try redis.head(PartitionIndex(0))
            guard let count = report.partitionCount ?? head?.partitionCount else {
                report.findings.add(
                    .problem(
                        "the number of partitions of \(settings.topics.events) is unknown, and so is the shopper's"
                    ))
                return nil
            }
            report.partitionCount = count
            let index = Murmur2.partition(of: Array(shopper.id.utf8), partitions: Int32(clamping: count))
            report.partition = index
            judge([head, try redis.head(PartitionIndex(index))], &report)
            if let found = try redis.state(StateKey(shopper.tagged), PartitionIndex(index)) {
                report.stored = ShopperReport.Stored(
                    record: try ShopperRecord(bytes: found.bytes, shopper: StateKey(shopper.tagged)),
                    expiresIn: found.expiresIn)
                return nil
            }
            let other = shopper.ofOtherKind
            return try redis.state(StateKey(other.tagged), PartitionIndex(index)) == nil ? nil : other
        } catch {
            report.findings.add(.problem("\(error)"))
            return nil
        }
    }

    private func judge(_ heads: [RedisHead?], _ report: inout ShopperReport) {
        for frozen in heads.compactMap({ $0?.partitionCount }) where frozen != report.partitionCount {
            report.findings.add(
                .problem(
                    "\(settings.topics.events) has \(report.partitionCount ?? 0) partitions, the state under "
                        + "\(settings.redis.namespace) was made with \(frozen): "
                        + "the shopper's record may stand in another partition"
                ))
        }
    }

    private func gatherList(_ report: inout ShopperReport, _ kafka: inout KafkaQuestions) {
        let topic = settings.topics.recommendations
        guard let count = kafka.partitionCount(of: topic) else { return }
        let search = NewestListSearch(
            shopper: shopper, topic: topic, latest: report.stored?.record.latest, timeout: timeout)
        let configuration = kafka.configuration
        let result = kafka.ask { (client) throws(KafkaError) in
            try search.run(configuration, client, partitions: count)
        }
        report.newest = result?.newest
        report.findings += result?.findings ?? []
        if report.stored != nil, let result, result.newest == nil {
            report.findings.add(.note("no list in \(topic) yet, or it was withdrawn"))
        }
    }

    private func gatherModel(_ report: inout ShopperReport) {
        guard report.stored != nil else { return }
        do throws(CheckpointError) {
            report.modelInForce = try Model.load(from: URL(fileURLWithPath: settings.model.path)).version
        } catch {
            report.findings.add(.problem("model: \(error)"))
        }
        if report.isCurrent == false {
            report.findings.add(
                .note("the state is of another model than the one in force: it is rebuilt at the shopper's next event"))
        }
    }

    private func gatherTitles(_ report: inout ShopperReport, _ kafka: inout KafkaQuestions) {
        let (items, configuration, timeout) = (report.items, kafka.configuration, timeout)
        let topic = settings.topics.catalogue
        report.titles =
            kafka.ask { (_) throws(KafkaError) in
                try ItemTitles.read(configuration, topic: topic, of: items, timeout: timeout)
            } ?? [:]
    }

    private func unknown(_ report: ShopperReport, _ other: Shopper?) -> UnknownShopper {
        let partition = report.partition.map { "\($0)" } ?? "-"
        let hint =
            switch other {
            case .anonymous?: "; there is an anonymous visitor of that id: add --anonymous"
            case .known?: "; there is a known user of that id: leave --anonymous out"
            case nil: ""
            }
        return UnknownShopper(
            description:
                "\(shopper.kind) \(shopper.id.printable) is unknown: no state under "
                + "\(settings.redis.namespace) in partition \(partition) of \(settings.topics.events), "
                + "no list in \(settings.topics.recommendations)\(hint)"
        )
    }
}

extension Shopper {
    /// What it is called in sentences.
    var kind: String {
        switch self {
        case .known: "user"
        case .anonymous: "anonymous visitor"
        }
    }

    fileprivate var ofOtherKind: Shopper {
        switch self {
        case .known(let id): .anonymous(id)
        case .anonymous(let id): .known(id)
        }
    }
}
