import Application
import Commerce
import Configuration
import Connectors
import Foundation
import Observability
import Redis
import Testing

@Suite struct SettingsTests {
    /// The settings of these flags and variables beside the one key that must be set.
    private func read(_ flags: [String] = [], _ environment: [String: String] = [:]) -> (Settings, [String]) {
        var reader = ArgumentReader(["--kafka-bootstrap-servers", "k:9092"] + flags, environment: environment)
        let settings = reader.settings().settings
        do throws(Mistakes) {
            try reader.finish()
            return (settings, [])
        } catch {
            return (settings, error.all.map(\.description))
        }
    }

    @Test func theDefaultsAreThoseOfTheDocumentation() {
        let (settings, mistakes) = read()
        #expect(mistakes == [])
        #expect(settings.kafka.bootstrapServers == "k:9092" && settings.kafka.start == nil)
        #expect(settings.topics.deadLetters == "events.dead-letter")
        #expect(settings.redis.password == nil && settings.redis.waitReplicas == 0)
        #expect(settings.events.maximumSkew == .seconds(300) && settings.events.maximumBytes == .mebibytes(1))
        #expect(
            settings.history.length == 50 && settings.history.eventIDs == 64 && settings.history.purchases == 256
                && settings.history.idleGap == nil)
        #expect(settings.lists.size == 20 && settings.lists.refresh == .batch)
        #expect(settings.workers.threads >= 1 && settings.workers.batch == 256 && settings.workers.batchesInFlight == 2)
        #expect(settings.http.address == "127.0.0.1" && settings.http.port == 9464)
        #expect(settings.log.level == .info && settings.log.format == .human)
    }

    @Test(arguments: [
        ("earliest", StartPosition.earliest), ("latest", .latest),
        ("2026-11-01T12:00:00Z", .time(EventTime(milliseconds: 1_793_534_400_000))),
        ("2026-11-01T14:00:00.5+02:00", .time(EventTime(milliseconds: 1_793_534_400_500))),
    ]) func aStartIsAWordOrATime(text: String, start: StartPosition) {
        let (settings, mistakes) = read(["--kafka-start", text])
        #expect(mistakes == [] && settings.kafka.start == start)
        #expect(StartPosition(.untyped(start.text)) == start)
        #expect(StartPosition(.date(text)) == start)
    }

    @Test(arguments: [
        (
            ["--kafka-start", "yesterday"],
            "--kafka-start: kafka.start: yesterday is not earliest, latest, or a time such as 2026-11-01T00:00:00Z"
        ),
        (
            ["--topics-events", "a b"],
            "--topics-events: topics.events: a b: not a topic's name, which is 1 to 249 of a-z A-Z 0-9 . _ -"
        ),
        (
            ["--topics-events", "catalogue"],
            "--topics-events: topics.events: two topics have the same name: catalogue, catalogue, recommendations, events.dead-letter"
        ),
        (
            ["--redis-url", "localhost"],
            "--redis-url: redis.url: Redis address: its scheme is not redis or unix; write redis://host:6379/0 or unix:///path/to/socket?db=0"
        ),
        (
            ["--redis-url", "redis://u:hunter2@h"],
            "--redis-url: redis.url: it holds a password, which belongs into BREADCRUMB_REDIS_PASSWORD or redis.password_file"
        ),
        (
            ["--redis-username", "u"],
            "--redis-username: redis.username: a user needs a password: set BREADCRUMB_REDIS_PASSWORD or redis.password_file"
        ),
        (
            ["--kafka-properties", "no.such=1"],
            "--kafka-properties: kafka.properties.no.such: librdkafka has no such property"
        ),
        (
            ["--kafka-consumer-properties", "group.id=1"],
            "--kafka-consumer-properties: kafka.consumer_properties.group.id: has a key of its own (the group); set kafka.group"
        ),
        (
            ["--kafka-producer-properties", "acks=1"],
            "--kafka-producer-properties: kafka.producer_properties.acks: is fixed at all: what was acknowledged must outlive any one broker"
        ),
        (
            ["--kafka-properties", "enable.idempotence=false"],
            "--kafka-properties: kafka.properties.enable.idempotence: is fixed at true: a record that is sent again must not stand in its topic twice"
        ),
        (
            ["--kafka-consumer-properties", "session.timeout.ms=45000"],
            "--kafka-consumer-properties: kafka.consumer_properties.session.timeout.ms: has a key of its own (the session's time-out); set kafka.session_timeout"
        ),
        (
            ["--kafka-producer-properties", "message.timeout.ms=600000"],
            "--kafka-producer-properties: kafka.producer_properties.message.timeout.ms: follows from the session's time-out, which has a key of its own: nothing may be delivered past it; set kafka.session_timeout"
        ),
        (
            ["--redis-namespace", "a{b"],
            "--redis-namespace: redis.namespace: a{b: must be 1 to 64 letters, digits, . _ : -"
        ),
        (["--history-length", "1001"], "--history-length: history.length: 1001: out of range, which is 10 to 1000"),
        (["--workers-batch", "0"], "--workers-batch: workers.batch: 0: out of range, which is 1 to 4096"),
        (["--http-port", "65536"], "--http-port: http.port: 65536: out of range, which is 0 to 65535"),
        (["--lists-refresh", "never"], "--lists-refresh: lists.refresh: never is not one of batch, every-event"),
        (["--log-level", "loud"], "--log-level: log.level: loud is not one of debug, info, warning, error"),
    ]) func whatCannotWorkIsRefused(flags: [String], mistake: String) {
        #expect(read(flags).1 == [mistake])
    }

    @Test(arguments: [
        "sasl.password", "ssl.key.password", "ssl.key.pem", "ssl.keystore.password",
        "sasl.oauthbearer.config",
    ])
    func secretsOfLibrdkafkaAreKnown(property: String) {
        let (_, mistakes) = read(["--kafka-properties", "\(property)=hunter2"])
        #expect(mistakes.count == 1 && !mistakes[0].contains("hunter2") && mistakes[0].contains("does not belong here"))
        let variable = "BREADCRUMB_KAFKA_PROPERTIES_" + property.uppercased().replacing(".", with: "_")
        let (settings, none) = read([], [variable: "hunter2"])
        #expect(none == [] && settings.kafka.properties[property]?.reveal() == "hunter2")
        #expect(!"\(settings)".contains("hunter2"))
    }

    @Test func connectionsAreMadeFromTheSettings() throws {
        let (settings, mistakes) = read(
            ["--redis-url", "redis://h:6380/2", "--redis-username", "u", "--kafka-properties", "client.rack=r"],
            ["BREADCRUMB_REDIS_PASSWORD": "hunter2", "BREADCRUMB_KAFKA_PRODUCER_PROPERTIES_LINGER_MS": "7"])
        #expect(mistakes == [])
        #expect(
            try settings.redis.address()
                == RedisAddress(.tcp(host: "h", port: 6380), database: 2, username: "u", password: "hunter2"))
        let kafka = settings.kafka.configuration(log: nil)
        #expect(kafka.bootstrapServers == "k:9092" && kafka.properties == ["client.rack": "r"])
        #expect(kafka.producerProperties == ["linger.ms": "7"] && kafka.consumerProperties.isEmpty)
    }

    @Test func theVariablesOfTestsAreNoMistake() {
        let (_, mistakes) = read([], ["BREADCRUMB_DATA": "/d", "BREADCRUMB_KAFKA": "k:1", "BREADCRUMB_KAFKAA": "k:1"])
        #expect(mistakes.count == 1 && mistakes[0].hasPrefix("BREADCRUMB_KAFKAA: unknown variable"))
    }

    @Test func everyVariableThatOpsTestNamesIsKnown() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let script = try String(contentsOf: root.appending(path: "ops/test"), encoding: .utf8)
        let named = Set(script.matches(of: /BREADCRUMB_[A-Z_]+/).map { String($0.output) })
        #expect(named.count > 4)
        #expect(read([], Dictionary(uniqueKeysWithValues: named.map { ($0, "x") })).1 == [])
        #expect(Set(Settings.otherVariables) == named, "the head of ops/test lists what tests read")
    }

    @Test func everyKeyIsDocumented() {
        let keys = Settings.declaredKeys()
        #expect(keys.count == Set(keys.map(\.name)).count && keys.count > 30)
        for key in keys {
            #expect(key.doc.hasSuffix("."), "\(key.name) has no sentence")
            #expect(key.name.wholeMatch(of: /[a-z]+\.[a-z_]+(\.\*)?/) != nil, "\(key.name)")
        }
    }
}
