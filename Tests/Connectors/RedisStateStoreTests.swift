import Commerce
import Connectors
import Redis
import Streaming
import Testing

/// Claim, load and commit on a real Redis.
@Suite(.enabled(if: RedisHere.isInstalled, RedisHere.reason))
struct RedisStateStoreTests {
    @Test func aClaimRaisesTheEpochAndACommitMovesThePosition() async throws {
        try await Place.with { place in
            let store = place.store()
            let facts = try store.check()
            #expect(facts.memoryPolicy == "noeviction")
            let first = try store.claim(partition, nonce: nonce, partitionCount: 8)
            #expect(first == Claim(fence: Fence(partition: partition, epoch: 1, nonce: nonce), position: nil))
            #expect(try store.holds(first.fence, expected: nil))
            #expect(try store.load(first.fence, expected: nil, keys: []) == [])
            #expect(try store.load(first.fence, expected: nil, keys: ["u:a"]) == [nil])

            let start = Position(next: Offset(5), last: nil)
            let begin = Commit(fence: first.fence, expected: nil, position: start, writes: [])
            #expect(try store.commit(begin) == .applied)
            #expect(try store.commit(begin) == .refused)
            let binary: [UInt8] = [0, 1, 0, 255, 13, 10]
            let writes = [StateWrite(key: "u:a", value: binary), StateWrite(key: "a:{x} y\n", value: [])]
            let commit = Commit(fence: first.fence, expected: Offset(5), position: position(9), writes: writes)
            #expect(try store.commit(commit) == .applied)
            #expect(
                try store.load(first.fence, expected: Offset(9), keys: ["a:{x} y\n", "u:b", "u:a"]) == [
                    [], nil, binary,
                ])

            let again = try place.store().claim(partition, nonce: Nonce(rawValue: .max), partitionCount: 8)
            #expect(again.fence.epoch == 2)
            #expect(again.position == position(9))
            #expect(try !store.holds(first.fence, expected: Offset(9)))
            #expect(try store.load(first.fence, expected: Offset(9), keys: ["u:a"]) == nil)
        }
    }

    /// Every way in which a commit may not belong: all of it is refused, and nothing is written.
    @Test func aMismatchRefusesAllOfIt() async throws {
        try await Place.with { place in
            let store = place.store()
            let fence = try store.claim(partition, nonce: nonce, partitionCount: 8).fence
            let writes = [StateWrite(key: "u:a", value: [1])]
            func commit(_ fence: Fence, _ expected: Int64?) -> Commit {
                Commit(fence: fence, expected: expected.map { Offset($0) }, position: position(20), writes: writes)
            }
            #expect(
                try store.commit(Commit(fence: fence, expected: nil, position: position(10), writes: [])) == .applied)
            var (otherNonce, laterEpoch, otherPartition) = (fence, fence, fence)
            otherNonce.nonce = Nonce(rawValue: 0x0124)
            laterEpoch.epoch += 1
            otherPartition.partition = PartitionIndex(4)
            let before = try place.contents()
            for wrong in [
                commit(otherNonce, 10), commit(laterEpoch, 10), commit(otherPartition, 10), commit(otherPartition, nil),
                commit(fence, nil), commit(fence, 9), commit(fence, 11), commit(fence, -10),
            ] {
                #expect(try store.commit(wrong) == .refused)
                #expect(try !store.holds(wrong.fence, expected: wrong.expected))
                #expect(try store.load(wrong.fence, expected: wrong.expected, keys: ["u:a"]) == nil)
            }
            #expect(try place.contents() == before)

            try place.send("FLUSHALL")
            #expect(try store.commit(commit(fence, 10)) == .refused)
            #expect(try !store.holds(fence, expected: Offset(10)))
            #expect(try place.contents().isEmpty)
        }
    }

    /// Doubles cannot tell these numbers from their neighbours.
    @Test func offsetsKeepEveryBit() async throws {
        try await Place.with { place in
            let store = place.store()
            let fence = try store.claim(partition, nonce: Nonce(rawValue: .max), partitionCount: 8).fence
            var expected: Offset?
            for offset in [9_007_199_254_740_993, Int64.max, Int64.max - 1, .min, .min + 1, 0] {
                let next = Position(
                    next: Offset(offset), last: AppliedRecord(timestamp: EventTime(milliseconds: offset), crc: .max))
                let neighbour = expected.map { Offset($0.rawValue &- 1) } ?? Offset(0)
                #expect(
                    try store.commit(Commit(fence: fence, expected: neighbour, position: next, writes: [])) == .refused)
                #expect(
                    try store.commit(Commit(fence: fence, expected: expected, position: next, writes: [])) == .applied)
                #expect(try store.holds(fence, expected: Offset(offset)))
                #expect(
                    try RedisStateReader(place.server.address, namespace: place.namespace).head(partition)?.position
                        == next)
                expected = Offset(offset)
            }
            try place.send("HSET", "shop:v1:{p3}:head", "epoch", "9007199254740992")
            #expect(try store.claim(partition, nonce: nonce, partitionCount: 8).fence.epoch == 9_007_199_254_740_993)
            try place.send("HSET", "shop:v1:{p3}:head", "epoch", String(Int64.max))
            #expect(streamCode { _ = try store.claim(partition, nonce: nonce, partitionCount: 8) } == .permanent)
        }
    }

    @Test func aKeyOfAnotherTypeIsNamedAndNothingIsWritten() async throws {
        try await Place.with { place in
            let store = place.store()
            let fence = try store.claim(partition, nonce: nonce, partitionCount: 8).fence
            try place.send("LPUSH", "shop:v1:{p3}:s:u:c", "x")
            let before = try place.contents()
            let writes = ["u:a", "u:b", "u:c"].map { StateWrite(key: StateKey($0), value: [1]) }
            let commit = Commit(fence: fence, expected: nil, position: position(10), writes: writes)
            let error = #expect(throws: StreamError.self) { try store.commit(commit) }
            #expect(error?.code == .corrupt)
            #expect(error?.message.contains("shop:v1:{p3}:s:u:c is a list") == true)
            #expect(try place.contents() == before)

            try place.send("SET", "shop:v1:{p4}:head", "x")
            var other = commit
            other.fence.partition = PartitionIndex(4)
            #expect(streamCode { _ = try store.commit(other) } == .corrupt)
            #expect(streamCode { _ = try store.holds(other.fence, expected: nil) } == .corrupt)
            #expect(streamCode { _ = try store.load(other.fence, expected: nil, keys: ["u:a"]) } == .corrupt)
            #expect(streamCode { _ = try store.claim(PartitionIndex(4), nonce: nonce, partitionCount: 8) } == .corrupt)
            #expect(try place.send("GET", "shop:v1:{p4}:head") == .bytes([UInt8(ascii: "x")]))
        }
    }

    @Test func anotherCountOfPartitionsOrFormatIsRefused() async throws {
        try await Place.with { place in
            let store = place.store()
            _ = try store.claim(partition, nonce: nonce, partitionCount: 8)
            let before = try place.contents()
            let error = #expect(throws: StreamError.self) {
                try store.claim(partition, nonce: nonce, partitionCount: 16)
            }
            #expect(error?.code == .partitionCountChanged)
            #expect(error?.message.hasSuffix(StreamError.newStart) == true)
            #expect(error?.message.contains("PARTITIONS 8") == true)
            #expect(try place.contents() == before)

            try place.send("HSET", "shop:v1:{p3}:head", "format", "2")
            let newer = try place.contents()
            #expect(streamCode { _ = try store.claim(partition, nonce: nonce, partitionCount: 8) } == .permanent)
            let fence = Fence(partition: partition, epoch: 1, nonce: nonce)
            let commit = Commit(fence: fence, expected: nil, position: position(1), writes: [])
            #expect(streamCode { _ = try store.commit(commit) } == .permanent)
            #expect(try place.contents() == newer)
            try place.send("HSET", "shop:v1:{p3}:head", "format", "1", "epoch", "many")
            #expect(streamCode { _ = try store.claim(partition, nonce: nonce, partitionCount: 8) } == .corrupt)
        }
    }

    @Test func recordsExpireAndHeadsDoNot() async throws {
        try await Place.with { place in
            let store = place.store(RedisStateOptions(timeToLive: .seconds(1_000)))
            let fence = try store.claim(partition, nonce: nonce, partitionCount: 8).fence
            let writes = [StateWrite(key: "u:a", value: [1])]
            _ = try store.commit(Commit(fence: fence, expected: nil, position: position(1), writes: writes))
            let rest = try place.send("PTTL", "shop:v1:{p3}:s:u:a").integer()
            #expect((900_000...1_000_000).contains(rest))
            #expect(try place.send("PTTL", "shop:v1:{p3}:head").integer() == -1)
            let forever = place.store()
            _ = try forever.commit(Commit(fence: fence, expected: Offset(1), position: position(2), writes: writes))
            #expect(try place.send("PTTL", "shop:v1:{p3}:s:u:a").integer() == -1)
        }
    }

    /// Far more keys than Lua's `unpack` takes.
    @Test func aLargeCommitIsOneCall() async throws {
        try await Place.with { place in
            let store = place.store()
            let fence = try store.claim(partition, nonce: nonce, partitionCount: 8).fence
            let keys = (0..<20_000).map { StateKey("u:\($0)") }
            let writes = keys.enumerated().map { index, key in
                StateWrite(key: key, value: [UInt8](repeating: UInt8(truncatingIfNeeded: index), count: 2_000))
            }
            let commit = Commit(fence: fence, expected: nil, position: position(1), writes: writes)
            #expect(try store.commit(commit) == .applied)
            #expect(try store.load(fence, expected: Offset(1), keys: keys) == writes.map(\.value))
        }
    }

    @Test func namespacesAndPartitionsAreApart() async throws {
        try await Place.with { place in
            let other = RedisStateStore(place.server.address, namespace: try RedisNamespace("shop:v2"))
            let mine = try place.store().claim(partition, nonce: nonce, partitionCount: 8).fence
            let writes = [StateWrite(key: "u:a", value: [1])]
            _ = try place.store().commit(Commit(fence: mine, expected: nil, position: position(1), writes: writes))
            let theirs = try other.claim(partition, nonce: nonce, partitionCount: 4)
            #expect(theirs.position == nil)
            #expect(try other.load(theirs.fence, expected: nil, keys: ["u:a"]) == [nil])
            for name in ["", "a b", "a{b", "ü", String(repeating: "a", count: 65)] {
                #expect(throws: StreamError.self) { try RedisNamespace(name) }
            }
        }
    }
}
