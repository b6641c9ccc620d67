import Kafka
import Synchronization
import Testing

@Suite struct FaultTests {
    @Test func everyWrongPropertyIsNamedAtOnce() async throws {
        try await onThread {
            let configuration = KafkaConfiguration(
                bootstrapServers: "127.0.0.1:1",
                properties: ["securty.protocol": "ssl", "sasl.password": "hunter2", "auto.offset.reset": "latest"],
                producerProperties: ["linger.ms": "soon", "partitioner": "random"],
                consumerProperties: ["fetch.wait.max.ms": "-5", "group.id": "x"])
            let mistakes = configuration.mistakes()
            #expect(
                Set(mistakes.map(\.property)) == [
                    "securty.protocol", "auto.offset.reset", "linger.ms", "partitioner", "fetch.wait.max.ms",
                    "group.id",
                ])
            let error = #expect(throws: KafkaError.self) { try KafkaProducer(configuration) }
            #expect(error?.code == .configuration)
            for property in ["securty.protocol", "auto.offset.reset", "linger.ms", "partitioner"] {
                #expect(error?.message.contains(property) == true)
            }
            #expect(KafkaConfiguration(bootstrapServers: "").mistakes().map(\.property) == ["bootstrap.servers"])
        }
    }

    @Test func secretsAreNotShown() {
        let configuration = KafkaConfiguration(
            bootstrapServers: "b:1", properties: ["sasl.password": "hunter2", "ssl.key.pem": "hunter2"])
        #expect(!configuration.description.contains("hunter2"))
        #expect(configuration.description.contains("sasl.password"))
        #expect(!configuration.mistakes().description.contains("hunter2"))
    }

    @Test("What is a secret, and what is not")
    func secrets() {
        let secrets = [
            "sasl.password", "ssl.key.password", "ssl.keystore.password", "ssl.key.pem", "ssl_key",
            "sasl.oauthbearer.client.secret", "sasl.oauthbearer.config", "sasl.jaas.config",
        ]
        #expect(secrets.allSatisfy(KafkaConfiguration.isSecret))
        let open = ["sasl.username", "ssl.key.location", "ssl.ca.pem", "ssl.keystore.location", "linger.ms"]
        #expect(!open.contains(where: KafkaConfiguration.isSecret))
    }

    @Test func propertiesThatContradictEachOtherAreNamed() {
        let configuration = KafkaConfiguration(bootstrapServers: "b:1", producerProperties: ["max.in.flight": "10"])
        let error = #expect(throws: KafkaError.self) { try KafkaProducer(configuration) }
        #expect(error?.message.contains("max.in.flight") == true)
    }

    @Test(
        "What the guarantees rest on cannot be set, by either of its names",
        arguments: [
            "enable.idempotence", "acks", "request.required.acks", "message.timeout.ms", "delivery.timeout.ms",
            "session.timeout.ms", "metadata.broker.list",
        ])
    func reserved(property: String) {
        for configuration in [
            KafkaConfiguration(bootstrapServers: "b:1", properties: [property: "1"]),
            KafkaConfiguration(bootstrapServers: "b:1", producerProperties: [property: "1"]),
            KafkaConfiguration(bootstrapServers: "b:1", consumerProperties: [property: "1"]),
        ] {
            #expect(configuration.mistakes().map(\.property) == [property])
        }
    }

    @Test func anUnreachableBrokerIsNamedWithItsRemedy() async throws {
        try await onThread {
            let client = try KafkaClient(KafkaConfiguration(bootstrapServers: "127.0.0.1:1"))
            let error = #expect(throws: KafkaError.self) {
                try client.partitionCount(of: "events", timeout: .milliseconds(500))
            }
            #expect(error?.code == .unreachable)
            #expect(error?.isRetriable == true)
            #expect(error?.message.contains("127.0.0.1:1") == true)
            #expect(error?.message.contains("Connection refused") == true)
            #expect(error?.message.contains("check the bootstrap servers") == true)
            #expect(error?.message.contains("\n") == false)
        }
    }

    @Test func aRefusedLoginIsNamedWithItsRemedy() async throws {
        try await onThread {
            let fixture = try Fixture(partitions: 1)
            var configuration = fixture.configuration
            configuration.properties = [
                "security.protocol": "sasl_plaintext", "sasl.mechanism": "PLAIN", "sasl.username": "u",
                "sasl.password": "hunter2",
            ]
            let client = try KafkaClient(configuration)
            let error = #expect(throws: KafkaError.self) {
                try client.partitionCount(of: "events", timeout: .seconds(1))
            }
            #expect(error?.code == .authentication)
            #expect(error?.message.contains("security.protocol") == true)
            #expect(error?.message.contains("hunter2") == false)
        }
    }

    @Test func anUnknownTopicIsNamedWithItsRemedy() async throws {
        try await onThread {
            let fixture = try Fixture(partitions: 1)
            let client = try KafkaClient(fixture.configuration)
            try fixture.cluster.createTopic("nowhere", partitions: 1)
            try fixture.cluster.fail(topic: "nowhere", with: .unknownTopic)
            let error = #expect(throws: KafkaError.self) {
                try KafkaReader(fixture.configuration, topic: "nowhere", timeout: .seconds(2))
            }
            #expect(error?.code == .unknownTopic)
            #expect(error?.message.contains("nowhere") == true)
            #expect(error?.message.contains("create the topic") == true)
            #expect(throws: KafkaError.self) { try client.watermarks(of: fixture.topic, 9, timeout: .seconds(1)) }
        }
    }

    @Test func theEmbeddedClusterSaysThatItHasNoAdministration() async throws {
        try await onThread {
            let fixture = try Fixture(partitions: 2)
            let admin = try KafkaAdmin(fixture.configuration)
            #expect(try admin.names(timeout: .seconds(10)) == [fixture.topic])
            let creating = #expect(throws: KafkaError.self) {
                try admin.create(KafkaNewTopic(name: "new", partitions: 1), timeout: .seconds(5))
            }
            let describing = #expect(throws: KafkaError.self) {
                try admin.describe(fixture.topic, timeout: .seconds(5))
            }
            #expect(creating?.code == .unsupported)
            #expect(creating?.message.contains("embedded cluster") == true)
            #expect(describing?.code == .unsupported)
        }
    }

    @Test func theEmbeddedClusterRefusesNonsense() async throws {
        try await onThread {
            #expect(throws: KafkaError.self) { try EmbeddedCluster(brokers: 0) }
            let cluster = try EmbeddedCluster(brokers: 2)
            #expect(cluster.bootstrapServers.split(separator: ",").count == 2)
            #expect(throws: KafkaError.self) { try cluster.createTopic("t", partitions: 0) }
            cluster.close()
            cluster.close()
            #expect(throws: KafkaError.self) { try cluster.createTopic("t", partitions: 1) }
        }
    }

    @Test func logLinesReachTheSink() async throws {
        try await onThread {
            let signal = Signal()
            let lines = Mutex<[String]>([])
            var configuration = KafkaConfiguration(bootstrapServers: "127.0.0.1:1")
            configuration.properties = ["debug": "broker"]
            configuration.log = { _, facility, message in
                lines.withLock { $0.append("\(facility) \(message)") }
                signal.notify()
            }
            let client = try KafkaClient(configuration)
            #expect(signal.wait { lines.withLock { $0.contains { $0.contains("Connection refused") } } })
            _ = client
        }
    }
}
