import Bytes
import Commerce
import Foundation
import Kafka
import Streaming
import Testing

/// `breadcrumb user` on an embedded cluster and a Redis of its own.
@Suite(.enabled(if: LookShop.hasRedis, LookShop.reason)) struct LookUserTests {
    /// A shopper who browsed, came back with a late event, and bought.
    private func record(_ shopper: Shopper, model: String, purchases: Int = 256) -> ShopperRecord {
        var record = ShopperRecord(shopper: StateKey(shopper.tagged))
        record.model = model
        record.startedAt = 2
        record.sequence = 5
        record.state = ShopperState(values: [Float16](repeating: 0.5, count: 32))
        record.entries = [
            .init(item: ItemID("i1"), action: .browse, gap: 9_000, vector: nil),
            .init(item: ItemID("i9"), action: .cart, gap: 0, vector: nil),
            .init(item: ItemID("i2"), action: .purchase, gap: 60_000, vector: nil),
        ]
        record.latest = EventTime(milliseconds: LookShop.noon)
        record.cart = [ItemID("i3"), ItemID("i9")]
        for (item, time) in [("i4", 0), ("i2", LookShop.noon)] {
            record.purchases.add(ItemID(item), at: EventTime(milliseconds: time), limit: purchases)
        }
        return record
    }

    private func partition(of id: String, _ shop: LookShop) -> Int32 {
        Murmur2.partition(of: Array(id.utf8), partitions: Int32(shop.partitions))
    }

    private func findings(_ report: [String: Any]) -> [String] {
        (report["findings"] as? [[String: String]] ?? []).compactMap { $0["message"] }
    }

    @Test func everythingKnownIsShownWithTitles() async throws {
        try await onThread {
            let shop = try LookShop()
            let user = Shopper.known("u42")
            try shop.produce([
                shop.describe("i1", "Old lamp"), shop.describe("i1", "Lamp"), shop.describe("i2", "Kettle"),
                shop.describe("i3", "Mug \\u001b[31m"), shop.describe("i4", "Gone"),
                KafkaRecord(topic: "catalogue", key: Array("i4".utf8), value: nil),
            ])
            try shop.commit(partition(of: "u42", shop), next: 9, [record(user, model: shop.modelVersion)])
            // The list of the highest source offset counts, not the one that came last; that of the anonymous "u42" is
            // another's.
            try shop.produce([
                shop.list(user, ["i4"], offset: 3),
                shop.list(user, ["i3", "i4"], offset: 8, published: "2026-11-01T12:00:01.000Z"),
                shop.list(user, ["i1"], offset: 5), shop.list(.anonymous("u42"), ["i2"], offset: 11),
            ])
            let shown = try run(["user", "u42", "--json"] + shop.flags)
            #expect(shown.status == 0 && shown.complaint.isEmpty, "\(run)")
            let report = try parsed(shown.output)
            #expect(report["user_id"] as? String == "u42" && report["partition_count"] as? Int == 3)
            #expect(report["partition"] as? Int == Int(partition(of: "u42", shop)))
            let state = try #require(report["state"] as? [String: Any])
            #expect(
                state["events"] as? Int == 5 && state["began_at_event"] as? Int == 2
                    && state["events_since"] as? Int == 3)
            #expect(state["is_current"] as? Bool == true)
            let expiry = try #require(state["expires_in_ms"] as? Int)
            #expect((7_000_000...7_200_000).contains(expiry))
            let history = try #require(state["history"] as? [[String: Any]])
            #expect(history.map { $0["item_id"] as? String } == ["i1", "i9", "i2"])
            #expect(history.map { $0["title"] as? String } == ["Lamp", nil, "Kettle"])
            #expect(history.map { $0["action"] as? String } == ["browse", "cart", "purchase"])
            #expect(
                history.map { $0["time"] as? String } == [
                    "2026-11-01T11:59:00.000Z", "2026-11-01T11:59:00.000Z", "2026-11-01T12:00:00.000Z",
                ])
            let cart = try #require(state["cart"] as? [[String: Any]])
            #expect(cart.map { $0["item_id"] as? String } == ["i3", "i9"])
            #expect(cart.map { $0["title"] as? String } == ["Mug \u{1b}[31m", nil])
            let purchased = try #require(state["purchased"] as? [[String: Any]])
            #expect(purchased.map { $0["item_id"] as? String } == ["i4", "i2"])
            #expect(purchased.map { $0["title"] as? String } == [nil, "Kettle"])
            #expect(
                purchased.map { $0["time"] as? String } == ["1970-01-01T00:00:00.000Z", "2026-11-01T12:00:00.000Z"])
            #expect(state["purchased_earlier"] as? Bool == false)
            let list = try #require(report["list"] as? [String: Any])
            #expect((list["source"] as? [String: Any])?["offset"] as? Int == 8)
            #expect(list["published_at"] as? String == "2026-11-01T12:00:01.000Z")
            let items = try #require(list["items"] as? [[String: Any]])
            #expect(items.map { $0["rank"] as? Int } == [1, 2] && items.map { $0["score"] as? Double } == [1.5, 0.5])
            #expect(items.map { $0["title"] as? String } == ["Mug \u{1b}[31m", nil])
            #expect(items.map { $0["because"] as? String } == ["i1", nil])

            let text = try run(["user", "u42"] + shop.flags)
            #expect(text.status == 0)
            #expect(text.output.hasPrefix("User u42, partition \(partition(of: "u42", shop)) of 3 of events\n"))
            #expect(
                text.output.contains("\n  2026-11-01T11:59:00.000Z or before  cart      i9    -\n"), "\(text.output)")
            #expect(text.output.contains("\n     1  1.5000  i3    Mug \u{fffd}[31m (because of i1)\n"))
            #expect(
                text.output.contains(
                    """
                    Cart, and so not recommended: 2 items
                      item  title
                      i3    Mug \u{fffd}[31m
                      i9    -

                    Purchased, and so not recommended: 2 items
                      last time                 item  title
                      1970-01-01T00:00:00.000Z  i4    -
                      2026-11-01T12:00:00.000Z  i2    Kettle

                    """), "\(text.output)")
            #expect(text.output.contains("origin   began after event 2, 3 events since\n"))
            #expect(text.output.contains(/expires  in (2 h 0|1 h 59) min\n/))
        }
    }

    @Test func aListThatIsNotTheShoppersOwnSaysSo() async throws {
        try await onThread {
            let shop = try LookShop()
            let visitor = Shopper.anonymous("7")
            try shop.commit(partition(of: "7", shop), next: 1, [record(visitor, model: shop.modelVersion)])
            try shop.produce([shop.list(visitor, ["i3", "i4"], offset: 0, origin: .trending, shortfall: 18)])
            let report = try parsed(run(["user", "--anonymous", "7", "--json"] + shop.flags).output)
            let list = try #require(report["list"] as? [String: Any])
            #expect(list["shortfall"] as? Int == 18)
            #expect((list["items"] as? [[String: Any]])?.map { $0["origin"] as? String } == ["trending", "trending"])
            let text = try run(["user", "--anonymous", "7"] + shop.flags).output
            #expect(text.contains("\n     2  0.5000  i4    - (trending)\n"), "\(text)")
            #expect(text.contains("\nSlots that could not be filled: 18\n"))
        }
    }

    @Test func anotherModelsStateIsSaidToBeRebuilt() async throws {
        try await onThread {
            let shop = try LookShop()
            try shop.commit(partition(of: "7", shop), next: 1, [record(.anonymous("7"), model: "m0")])
            let shown = try run(["user", "--anonymous", "7", "--json"] + shop.flags)
            #expect(shown.status == 0)
            let report = try parsed(shown.output)
            #expect(report["anonymous_id"] as? String == "7" && report["list"] is NSNull)
            #expect((report["state"] as? [String: Any])?["is_current"] as? Bool == false)
            #expect(findings(report).contains { $0.contains("rebuilt at the shopper's next event") })
            #expect(findings(report).contains { $0.hasPrefix("no list in recommendations") })

            let unknown = try run(["user", "7", "--json"] + shop.flags)
            #expect(unknown.status == 1 && unknown.output.isEmpty)
            #expect(
                unknown.complaint.hasPrefix("breadcrumb user: user 7 is unknown: no state under look in partition "))
            #expect(unknown.complaint.hasSuffix("there is an anonymous visitor of that id: add --anonymous\n"))
        }
    }

    @Test func purchasesThatAreNoLongerKnownByNameAreTold() async throws {
        try await onThread {
            let shop = try LookShop()
            for (user, kept) in [("u1", 1), ("u2", 0)] {
                let record = record(.known(user), model: shop.modelVersion, purchases: kept)
                try shop.commit(partition(of: user, shop), next: Int64(kept) + 1, [record])
                let report = try parsed(run(["user", user, "--json"] + shop.flags).output)
                let state = try #require(report["state"] as? [String: Any])
                #expect((state["purchased"] as? [Any])?.count == kept)
                #expect(state["purchased_earlier"] as? Bool == true)
                let text = try run(["user", user] + shop.flags).output
                #expect(
                    text.contains("Purchased, and so not recommended: \(kept) items, and earlier ones\n"), "\(text)")
            }
        }
    }

    @Test func aListFarFromTheEndIsFound() async throws {
        try await onThread {
            let shop = try LookShop(partitions: 1)
            let filler = try shop.list(.known("other"), ["i1"], offset: 1)
            let user = Shopper.known("u1")
            try shop.produce([shop.list(user, ["i2"], offset: 7)] + Array(repeating: filler, count: 10_500))
            let first = try parsed(run(["user", "u1", "--json"] + shop.flags).output)
            #expect((first["list"] as? [String: Any])?["offset"] as? Int == 0)
            // An older list that was sent late stands nearer to the end: the shopper's last event tells that there is a
            // newer one.
            try shop.produce([shop.list(user, ["i3"], offset: 6, eventTime: LookShop.noon - 1)])
            try shop.commit(0, next: 8, [record(user, model: shop.modelVersion)])
            let second = try parsed(run(["user", "u1", "--json"] + shop.flags).output)
            #expect((second["list"] as? [String: Any])?["offset"] as? Int == 0)
        }
    }

    @Test func whatIsAwayIsOneLineAndTheRestIsShown() async throws {
        try await onThread {
            let shop = try LookShop()
            let user = Shopper.known("u42")
            try shop.commit(partition(of: "u42", shop), next: 9, [record(user, model: shop.modelVersion)])
            try shop.commit(0, next: 10)
            try shop.produce([shop.list(user, ["i3"], offset: 8)])
            try shop.cluster.setReachable(false)
            let shown = try run(["user", "u42", "--json", "--timeout", "1s"] + shop.flags)
            #expect(shown.status == 1)
            let withoutKafka = try parsed(shown.output)
            #expect((withoutKafka["state"] as? [String: Any])?["events"] as? Int == 5 && withoutKafka["list"] is NSNull)
            #expect(findings(withoutKafka).count == 1 && findings(withoutKafka)[0].hasPrefix("Kafka: "))

            try shop.cluster.setReachable(true)
            shop.redis.kill()
            let withoutRedis = try parsed(run(["user", "u42", "--json"] + shop.flags).output)
            #expect(withoutRedis["state"] is NSNull && withoutRedis["list"] as? [String: Any] != nil)
            #expect(findings(withoutRedis).count == 1 && findings(withoutRedis)[0].hasPrefix("Redis at unix://"))
        }
    }

    @Test(arguments: [["user"], ["user", String(repeating: "x", count: 129)]])
    func anIdentifierIsAsked(arguments: [String]) throws {
        let shown = try run(arguments + ["--kafka-bootstrap-servers", "localhost:1"])
        #expect(shown.status == 2 && shown.output.isEmpty && shown.complaint.contains("ID: "), "\(shown.complaint)")
    }
}
