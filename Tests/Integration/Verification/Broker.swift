import Foundation
import Kafka

/// The Kafka that a test runs on: Apache Kafka where `BREADCRUMB_KAFKA` names one, the embedded cluster elsewhere.
final class Broker {
    let servers: String
    private let embedded: EmbeddedCluster?

    init() throws {
        if let servers = ProcessInfo.processInfo.environment["BREADCRUMB_KAFKA"], !servers.isEmpty {
            self.servers = servers
            embedded = nil
        } else {
            let cluster = try EmbeddedCluster()
            servers = cluster.bootstrapServers
            embedded = cluster
        }
    }

    var configuration: KafkaConfiguration { KafkaConfiguration(bootstrapServers: servers) }

    /// Partitions of a topic that is to hold a whole log: the embedded cluster drops what exceeds 5 MB in one.
    var partitions: Int { embedded == nil ? 8 : 64 }

    /// Makes a topic of a name that was not there before.
    func createTopic(_ prefix: String) throws -> String {
        let name = "\(prefix)-\(UUID().uuidString.prefix(8))"
        if let embedded {
            try embedded.createTopic(name, partitions: partitions)
        } else {
            let admin = try KafkaAdmin(configuration)
            try admin.create(KafkaNewTopic(name: name, partitions: partitions), timeout: .seconds(30))
        }
        return name
    }

    func close() { embedded?.close() }
}
