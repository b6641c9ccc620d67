import Kafka
import Testing

@Suite struct GroupTests {
    /// Every offset of every partition once and in order.
    private func expectComplete(_ store: Member.Store, _ count: Int) {
        store.state.withLock { state in
            #expect(state.values.count == count)
            #expect(Set(state.values).count == count)
            for (partition, offsets) in state.offsets {
                #expect(
                    offsets == (0..<Int64(offsets.count)).map(KafkaOffset.init(rawValue:)), "partition \(partition)")
            }
        }
    }

    private func group(_ fixture: Fixture, _ member: Member) throws -> KafkaConsumerGroup {
        let group = try KafkaConsumerGroup(
            fixture.configuration, group: "g", topic: fixture.topic, sessionTimeout: Fixture.session,
            strategy: .roundRobin, handler: member)
        try group.start()
        return group
    }

    @Test func partitionsComeThroughTheirOwnQueues() async throws {
        try await onThread {
            let fixture = try Fixture(partitions: 8)
            try fixture.produce(fixture.numbered(5000))
            let store = Member.Store()
            let member = Member(store)
            let group = try group(fixture, member)
            #expect(
                store.signal.wait {
                    member.work()
                    return store.count == 5000
                })
            expectComplete(store, 5000)
            #expect(member.partitions.count == 8)
            #expect(ContinuousClock.now - group.renewedAt < .seconds(10))
            group.close()
            group.close()
            #expect(member.revocations == 1)
            #expect(member.partitions.isEmpty)
            #expect(member.errors.isEmpty)
        }
    }

    @Test func committedOffsetsAreForLagDisplays() async throws {
        try await onThread {
            let fixture = try Fixture(partitions: 2)
            try fixture.produce(fixture.numbered(100))
            let store = Member.Store()
            let member = Member(store)
            let group = try group(fixture, member)
            #expect(
                store.signal.wait {
                    member.work()
                    return store.count == 100
                })
            group.close()
            let observer = try KafkaClient(fixture.configuration, group: "g")
            let committed = try observer.committed(fixture.topic, [0, 1], timeout: .seconds(10))
            #expect(committed == store.state.withLock { $0.next })
            let stranger = try KafkaClient(fixture.configuration, group: "another")
            #expect(try stranger.committed(fixture.topic, [0, 1], timeout: .seconds(10)).isEmpty)
        }
    }

    @Test func aSecondMemberTakesItsShareAndNothingIsLost() async throws {
        try await onThread {
            let fixture = try Fixture(partitions: 6)
            try fixture.produce(fixture.numbered(3000))
            let store = Member.Store()
            let first = Member(store)
            let second = Member(store)
            let firstGroup = try group(fixture, first)
            #expect(
                store.signal.wait {
                    first.work(limit: 7)
                    return store.count > 500
                })
            let secondGroup = try group(fixture, second)
            let producer = try KafkaProducer(fixture.configuration)
            let more = (3000..<6000).map {
                KafkaRecord(topic: "events", key: Array("u\($0 % 50)".utf8), value: Array("\($0)".utf8))
            }
            let delivery = try producer.produce(more)
            #expect(
                store.signal.wait {
                    first.work(limit: 7)
                    second.work(limit: 7)
                    return store.count == 6000 && first.partitions.count == 3 && second.partitions.count == 3
                })
            #expect(delivery.state == .delivered)
            #expect(first.partitions.isDisjoint(with: second.partitions))
            secondGroup.close()
            #expect(store.signal.wait { first.partitions.count == 6 })
            firstGroup.close()
            expectComplete(store, 6000)
            producer.close(timeout: .seconds(1))
        }
    }

    @Test func aPartitionLeftOutComesBackByReassignment() async throws {
        try await onThread {
            let fixture = try Fixture(partitions: 4)
            try fixture.produce(fixture.numbered(2000))
            let store = Member.Store()
            let member = Member(store, refusing: [1, 2])
            let group = try group(fixture, member)
            #expect(store.signal.wait { member.partitions == [0, 3] })
            #expect(
                store.signal.wait {
                    member.work(limit: 10)
                    return store.count > 300
                })
            member.acceptAll()
            group.reassign()
            #expect(
                store.signal.wait {
                    member.work(limit: 10)
                    return store.count == 2000
                })
            expectComplete(store, 2000)
            #expect(member.partitions == [0, 1, 2, 3])
            group.close()
        }
    }

    /// Reassignment while records stream in: the queues' stale contents must not come back.
    @Test func reassignmentUnderLoadLosesAndRepeatsNothing() async throws {
        try await onThread {
            let fixture = try Fixture(partitions: 4)
            try fixture.produce(fixture.numbered(20_000))
            let store = Member.Store()
            let member = Member(store)
            let group = try group(fixture, member)
            for round in 1...10 {
                #expect(
                    store.signal.wait {
                        member.work(limit: 3)
                        return store.count >= round * 500
                    })
                group.reassign()
            }
            #expect(
                store.signal.wait {
                    member.work(limit: 100)
                    return store.count == 20_000
                })
            expectComplete(store, 20_000)
            group.close()
        }
    }

    @Test func aPositionThatTheLogDoesNotHaveIsAnError() async throws {
        try await onThread {
            let fixture = try Fixture(partitions: 1)
            try fixture.produce(fixture.numbered(10))
            let store = Member.Store()
            store.state.withLock { $0.next[0] = 500 }
            let member = Member(store)
            let group = try group(fixture, member)
            #expect(
                store.signal.wait {
                    member.work()
                    return member.errors.contains { $0.code == .offsetOutOfRange }
                })
            #expect(store.count == 0)
            group.close()
        }
    }

    @Test func aTopicThatIsMissingIsNamed() async throws {
        try await onThread {
            let fixture = try Fixture(partitions: 1)
            try fixture.cluster.createTopic("nowhere", partitions: 1)
            try fixture.cluster.fail(topic: "nowhere", with: .unknownTopic)
            let store = Member.Store()
            let member = Member(store)
            let group = try KafkaConsumerGroup(
                fixture.configuration, group: "g", topic: "nowhere", sessionTimeout: Fixture.session, handler: member)
            try group.start()
            #expect(
                store.signal.wait {
                    member.errors.contains { $0.code == .unknownTopic && $0.message.contains("nowhere") }
                })
            group.close()
        }
    }

    @Test func aBrokerThatIsAwayIsNamed() async throws {
        try await onThread {
            let store = Member.Store()
            let member = Member(store)
            let group = try KafkaConsumerGroup(
                KafkaConfiguration(bootstrapServers: "127.0.0.1:1"), group: "g", topic: "events",
                sessionTimeout: .seconds(7), handler: member)
            #expect(group.sessionTimeout == .seconds(7))
            #expect(group.maximumPollInterval == .seconds(300))
            try group.start()
            #expect(
                store.signal.wait {
                    member.errors.contains { $0.code == .unreachable && $0.message.contains("127.0.0.1:1") }
                })
            group.close()
        }
    }

    /// The broker forgets the member: its partitions are lost, it joins again, and goes on from the store's positions.
    @Test func survivesBeingThrownOut() async throws {
        try await onThread {
            let fixture = try Fixture(partitions: 2)
            try fixture.produce(fixture.numbered(100))
            let store = Member.Store()
            let member = Member(store)
            let group = try KafkaConsumerGroup(
                fixture.configuration, group: "g", topic: fixture.topic, sessionTimeout: Fixture.session,
                handler: member)
            try group.start()
            #expect(
                store.signal.wait {
                    member.work()
                    return store.count == 100
                })
            try fixture.cluster.fail(.heartbeat, with: [.unknownMember])
            #expect(store.signal.wait { member.revocations == 1 })
            #expect(store.signal.wait { member.partitions.count == 2 })
            let more = (100..<200).map {
                KafkaRecord(topic: "events", key: Array("\($0)".utf8), value: Array("\($0)".utf8))
            }
            try fixture.produce(more)
            #expect(
                store.signal.wait {
                    member.work()
                    return store.count == 200
                })
            expectComplete(store, 200)
            group.close()
        }
    }
}
