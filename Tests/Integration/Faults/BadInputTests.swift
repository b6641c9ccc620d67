import Commerce
import Foundation
import Kafka
import Testing

extension Faults {
    /// Events that cannot be taken, through Kafka and the program to the dead letters.
    @Suite struct BadInputTests {
        private struct Bad {
            var reason: RecordFault.Reason
            var key: [UInt8]?
            var value: [UInt8]?

            init(_ reason: RecordFault.Reason, key: String? = "u1", bytes: [UInt8]?) {
                self.reason = reason
                self.key = key.map { Array($0.utf8) }
                value = bytes
            }

            /// An event whose fields are `fields` and an otherwise sound rest.
            init(
                _ reason: RecordFault.Reason, key: String = "u1", user: String = "\"u1\"", time: String? = nil,
                _ more: String = ""
            ) {
                let time = time ?? "\"2026-11-01T12:00:00Z\""
                self.init(
                    reason, key: key,
                    bytes: Array(
                        #"{"type":"cart","user_id":\#(user),"item_id":"i1","timestamp":\#(time)\#(more)}"#.utf8))
            }
        }

        private static let nesting = String(repeating: "[", count: 6_000)
        private static let ends = String(repeating: "]", count: 6_000)
        private static let long = String(repeating: "x", count: 10_000)

        private static let table = [
            Bad(.keyMismatch, key: "u2"),
            Bad(.missingKey, key: ""),
            Bad(.payloadTooLarge, #","note":"\#(long)\#(long)""#),
            Bad(.noPayload, bytes: nil),
            Bad(.emptyPayload, bytes: []),
            Bad(.invalidUTF8, bytes: Array(#"{"type":"cart","user_id":"u"#.utf8) + [0xc3, 0x28] + Array("\"}".utf8)),
            Bad(.nestedTooDeep, bytes: Array((nesting + "1" + ends).utf8)),
            Bad(.nestedTooDeep, #","note":\#(nesting)1\#(ends)"#),
            Bad(.invalidJSON, bytes: Array(nesting.utf8)),
            Bad(.duplicateField, #","user_id":"u1""#),
            Bad(.invalidJSON, #","price":NaN"#),
            Bad(.invalidNumber, #","price":-0.01"#),
            Bad(.wrongType, key: "7", user: "7"),
            Bad(.identifierTooLong, key: long, user: "\"\(long)\""),
            Bad(.timeOutOfRange, time: "\"0001-01-01T00:00:00Z\""),
            Bad(.futureTime, time: "\"9999-12-31T23:59:59Z\""),
        ]

        @Test func everyBadEventBecomesADeadLetterAndTheNextOneCounts() async throws {
            try await Deployment.with(["events.max_bytes = \"16KiB\"", "lists.refresh = \"every-event\""]) { shop in
                let process = try shop.start()
                defer { process.destroy() }
                let now = Int64(Date().timeIntervalSince1970 * 1_000)
                let headers = [
                    KafkaHeader(name: "trace", value: [0, 0xff, 7]), KafkaHeader(name: "trace", value: nil),
                    KafkaHeader(name: "", value: []),
                ]
                var records: [KafkaRecord] = []
                for (index, bad) in BadInputTests.table.enumerated() {
                    records.append(
                        KafkaRecord(
                            topic: shop.settings.topics.events, partition: 2, key: bad.key, value: bad.value,
                            headers: headers,
                            timestamp: now + Int64(index)))
                    let good = Event(
                        eventID: "good\(index)", action: .cart, shopper: .known("g"), anonymousID: nil,
                        item: ItemID(index == 0 ? "nowhere" : "i\(index)"), time: EventTime(milliseconds: now),
                        sessionID: nil,
                        quantity: nil, price: nil, currency: nil)
                    records.append(
                        KafkaRecord(
                            topic: shop.settings.topics.events, partition: 2, key: good.key, value: try good.encoded(),
                            timestamp: now + Int64(index)))
                }
                try shop.produce(records)
                try shop.waitUntilApplied(process)
                try BadInputTests.checkLetters(shop, headers, now)
                try BadInputTests.checkLists(shop)

                let metrics = try Faults.get(process, "/metrics").body
                for reason in RecordFault.Reason.allCases {
                    let count = BadInputTests.table.count { $0.reason == reason }
                    let line = "breadcrumb_dead_letters_total{reason=\"\(reason.rawValue)\"} \(count)"
                    #expect(metrics.split(separator: "\n").contains { $0 == line }, "\(line)")
                }
                let series = metrics.split(separator: "\n").filter {
                    $0.hasPrefix("breadcrumb_events_total{") && $0.contains("type=\"cart\"")
                }
                #expect(series.contains { $0.contains("outcome=\"unknown_item\"") && $0.hasSuffix(" 1") })
                #expect(
                    series.contains {
                        $0.contains("outcome=\"applied\"") && $0.hasSuffix(" \(BadInputTests.table.count - 1)")
                    })
                process.send(SIGTERM)
                #expect(process.wait(15) == .exit(0))
            }
        }

        private static func checkLetters(_ shop: Deployment, _ headers: [KafkaHeader], _ now: Int64) throws {
            var messages: [KafkaMessage] = []
            try KafkaReader(shop.kafka, topic: shop.settings.topics.deadLetters).readToEnd { messages.append($0) }
            try #require(messages.count == table.count)
            for (index, (bad, message)) in zip(table, messages).enumerated() {
                let letter = try DeadLetter(
                    .init(
                        key: message.key, value: message.value,
                        headers: message.headers.map { .init(name: $0.name, value: $0.value) }))
                #expect(letter.fault.reason == bad.reason, "\(letter.fault)")
                #expect(letter.key == bad.key)
                #expect(letter.value == bad.value)
                #expect(letter.headers == headers.map { .init(name: $0.name, value: $0.value) })
                #expect(
                    letter.source == .init(topic: shop.settings.topics.events, partition: 2, offset: Int64(2 * index)))
                #expect(letter.timestamp.rawValue == now + Int64(index))
                #expect(letter.truncation == nil)
            }
        }

        private static func checkLists(_ shop: Deployment) throws {
            var triggers: [String] = []
            let decoder = ListDecoder()
            try KafkaReader(shop.kafka, topic: shop.settings.topics.recommendations).readToEnd { message in
                if let list = try? decoder.decode(message.value ?? []), case .event(let id?) = list.list.lineage.trigger
                {
                    triggers.append(id)
                }
            }
            #expect(triggers == table.indices.map { "good\($0)" })
        }
    }
}
