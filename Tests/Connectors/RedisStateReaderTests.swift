import Commerce
import Connectors
import Redis
import Streaming
import Testing

/// What `status` and `user` see.
@Suite(.enabled(if: RedisHere.isInstalled, RedisHere.reason))
struct RedisStateReaderTests {
    @Test func headsShowOwnerAndProgress() async throws {
        try await Place.with { place in
            let reader = RedisStateReader(place.server.address, namespace: place.namespace)
            #expect(try reader.heads() == [])
            #expect(try reader.heads(partitionCount: 2) == [nil, nil])
            let store = place.store(RedisStateOptions(timeToLive: .seconds(1_000), owner: "host-1:77"))
            let claims = try [0, 2].map { try store.claim(PartitionIndex($0), nonce: nonce, partitionCount: 3) }
            let writes = [StateWrite(key: "u:a", value: [1, 0])]
            _ = try store.commit(Commit(fence: claims[1].fence, expected: nil, position: position(7), writes: writes))

            let heads = try reader.heads()
            #expect(heads.count == 3)
            #expect(heads[1] == nil)
            let (first, last) = (try #require(heads[0]), try #require(heads[2]))
            #expect(first.fence == claims[0].fence)
            #expect(first.owner == "host-1:77")
            #expect(first.position == nil)
            #expect(first.committed == nil)
            #expect(first.partitionCount == 3)
            #expect(last.position == position(7))
            let (claimed, committed) = (try #require(last.claimed), try #require(last.committed))
            #expect(claimed <= committed)
            let clock = try place.send("TIME").elements(2)[0].optionalText()
            let seconds = try #require(clock.flatMap { Int64($0) })
            #expect((0...60).contains(seconds - committed.rawValue / 1_000))

            let state = try #require(try reader.state("u:a", PartitionIndex(2)))
            #expect(state.bytes == [1, 0])
            #expect((900_000...1_000_000).contains(state.expiresIn ?? 0))
            #expect(try reader.state("u:a", PartitionIndex(0)) == nil)
        }
    }

    @Test func aHeadChangedByHandIsCorrupt() async throws {
        try await Place.with { place in
            let reader = RedisStateReader(place.server.address, namespace: place.namespace)
            let store = place.store()
            for (field, text) in [
                ("next", "1.5"), ("timestamp", ""), ("crc", "-1"), ("nonce", "xyz"), ("epoch", "9223372036854775808"),
                ("partitions", ""),
            ] {
                try place.send("FLUSHALL")
                let fence = try store.claim(partition, nonce: nonce, partitionCount: 8).fence
                _ = try store.commit(Commit(fence: fence, expected: nil, position: position(7), writes: []))
                try place.send("HSET", "shop:v1:{p3}:head", field, text)
                let error = #expect(throws: StreamError.self) { try reader.head(partition) }
                #expect(error?.code == .corrupt)
                #expect(error?.message.contains("shop:v1:{p3}:head: \(field)") == true)
            }
        }
    }
}
