import Commerce
import Testing

@Suite struct RecommendationListTests {
    static let list = RecommendationList(
        shopper: .known("u42"),
        slots: [
            RecommendationList.Slot(rank: 1, item: ItemID("i9"), score: 3.21, origin: .personal, because: ItemID("i7")),
            RecommendationList.Slot(rank: 2, item: ItemID("i204"), score: 2.875, origin: .personal),
        ],
        lineage: RecommendationList.Lineage(
            trigger: .event(id: "e91"), source: RecommendationList.Source(topic: "events", partition: 3, offset: 1_812),
            modelVersion: "m-2026-10-31", indexVersion: "exact-1", configuration: "8f14e45fceea167a",
            catalogue: [10: 7, 0: 5_123, 2: 0]),
        eventTime: EventTime(milliseconds: 1_793_534_400_123))

    @Test func theBytesAreThoseOfTheContract() throws {
        let id = try Self.list.lineage.listID()
        #expect(
            String(decoding: try Self.list.encoded(), as: UTF8.self)
                == #"{"list_id":"\#(id)","user_id":"u42","items":[{"rank":1,"item_id":"i9","score":3.21,"origin":"personal","because":"i7"},{"rank":2,"item_id":"i204","score":2.875,"origin":"personal"}],"trigger":{"type":"event","event_id":"e91"},"source":{"topic":"events","partition":3,"offset":1812},"model_version":"m-2026-10-31","index_version":"exact-1","configuration":"8f14e45fceea167a","catalogue":{"0":5123,"2":0,"10":7},"event_time":"2026-11-01T12:00:00.123Z"}"#
        )
    }

    @Test func anonymousShoppersAndTriggersWithoutAnIdentifier() throws {
        var list = Self.list
        list.shopper = .anonymous("a7")
        list.lineage.trigger = .event(id: nil)
        list.slots = []
        let text = String(decoding: try list.encoded(), as: UTF8.self)
        #expect(
            text.contains(#","anonymous_id":"a7","items":[],"trigger":{"type":"event"},"#) && !text.contains("user_id"))
        #expect(list.key == Array("a7".utf8))
        #expect(try ListDecoder().decode(list.encoded()).list == list)
    }

    @Test func readsBack() throws {
        let published = try ListDecoder().decode(Self.list.encoded())
        #expect(published == PublishedList(listID: try Self.list.lineage.listID(), list: Self.list))
    }

    @Test func aListThatLacksSlotsSaysHowMany() throws {
        var list = Self.list
        list.shortfall = 18
        list.slots[1].origin = .trending
        let bytes = try list.encoded()
        let text = String(decoding: bytes, as: UTF8.self)
        #expect(text.contains(#""origin":"trending"}],"shortfall":18,"trigger""#))
        #expect(try ListDecoder().decode(bytes).list == list)
        for bad in ["0", "-1", "1.5", "\"1\"", "2147483648"] {
            let changed = text.replacing(#""shortfall":18"#, with: #""shortfall":\#(bad)"#)
            #expect(throws: RecordFault.self) { try ListDecoder().decode(Array(changed.utf8)) }
        }
    }

    @Test func everyOriginIsReadBack() throws {
        for origin in RecommendationList.Origin.allCases {
            var list = Self.list
            list.slots[0].origin = origin
            #expect(try ListDecoder().decode(list.encoded()).list == list)
        }
    }

    /// Pinned: another value would break "equal identity, equal bytes" between versions of the program. It is what
    /// `hashlib.sha256` gives for the form written out by hand in Python's `struct`.
    @Test func theIdentityIsPinned() throws {
        #expect(try Self.list.lineage.listID() == "215bcc71b448772cb3c372e69db4ef45")
    }

    @Test func everyPartOfTheLineageCounts() throws {
        var ids: Set<String> = [try Self.list.lineage.listID()]
        let changes: [(inout RecommendationList.Lineage) -> Void] = [
            { $0.trigger = .event(id: nil) }, { $0.trigger = .event(id: "") }, { $0.trigger = .event(id: "e92") },
            { $0.source.topic = "events2" }, { $0.source.partition = 4 }, { $0.source.offset = 1_813 },
            { $0.modelVersion += "x" },
            { $0.indexVersion += "x" }, { $0.configuration += "x" }, { $0.catalogue[0] = 5_124 },
            { $0.catalogue[11] = 0 },
            { $0.catalogue = [:] },
            {
                // The same letters, cut elsewhere.
                $0.modelVersion = "m-2026-10-31e"
                $0.indexVersion = "xact-1"
            },
        ]
        for change in changes {
            var lineage = Self.list.lineage
            change(&lineage)
            #expect(ids.insert(try lineage.listID()).inserted)
        }
    }

    @Test func aForgedIdentityIsNoticed() throws {
        var bytes = try Self.list.encoded()
        bytes[12] = bytes[12] == UInt8(ascii: "0") ? UInt8(ascii: "1") : UInt8(ascii: "0")
        #expect(throws: RecordFault.self) { try ListDecoder().decode(bytes) }
    }

    @Test(arguments: [Float.nan, .infinity])
    func aNotFiniteScoreIsNotEncoded(score: Float) {
        var list = Self.list
        list.slots[0].score = score
        #expect(throws: (any Error).self) { try list.encoded() }
    }

    @Test func perUserTheHighestOffsetWins() throws {
        func published(_ offset: Int64, _ shopper: Shopper = .known("u"), model: String = "m") throws -> PublishedList {
            var list = Self.list
            list.shopper = shopper
            list.lineage.source.offset = offset
            list.lineage.modelVersion = model
            return PublishedList(listID: try list.lineage.listID(), list: list)
        }
        var order = ListOrder()
        #expect(order.judge(try published(5)) == .newer)
        #expect(order.judge(try published(5)) == .repeated)
        #expect(order.judge(try published(9)) == .newer)
        #expect(order.judge(try published(5)) == .outdated)
        #expect(order.judge(try published(9)) == .repeated)
        #expect(order.judge(try published(9, model: "m2")) == .newer)
        #expect(order.judge(try published(1, .anonymous("u"))) == .newer)
    }
}
