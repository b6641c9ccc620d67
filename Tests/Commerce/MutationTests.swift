import Commerce
import Testing

/// Sound records with bytes changed, cut and repeated by a fixed random sequence: whatever comes, the decoders answer, and
/// what they take is encoded and taken again.
@Suite struct MutationTests {
    /// A linear congruential generator (Knuth's MMIX constants), so that a failure can be run again.
    private struct Generator: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state ^ (state >> 29)
        }
    }

    private static func mutants(of bytes: [UInt8], count: Int, _ body: ([UInt8]) throws -> Void) rethrows {
        var generator = Generator(state: 42)
        for _ in 0..<count {
            var mutant = bytes
            for _ in 0..<Int.random(in: 1...3, using: &generator) {
                guard let index = mutant.indices.randomElement(using: &generator) else { break }
                switch Int.random(in: 0..<4, using: &generator) {
                case 0: mutant[index] = UInt8.random(in: 0...255, using: &generator)
                case 1: mutant.remove(at: index)
                case 2: mutant.insert(contentsOf: mutant[index...].prefix(12), at: index)
                default: mutant[index] = Array("{}[]\",:0-9.eE\\utn".utf8).randomElement(using: &generator) ?? 0
                }
            }
            try body(mutant)
        }
    }

    @Test func events() throws {
        let decoder = EventDecoder()
        let timestamp = ContractTests.timestamp
        let (key, value) = try Contract.example("events")
        var taken = 0
        try Self.mutants(of: value, count: 20_000) { mutant in
            guard case .event(let event) = decoder.decode(key: key, value: mutant, timestamp: timestamp) else { return }
            taken += 1
            try #expect(decoder.decode(key: key, value: event.encoded(), timestamp: timestamp) == .event(event))
        }
        #expect(taken > 1_000 && taken < 19_000)
    }

    @Test func catalogueItems() throws {
        let decoder = CatalogueDecoder()
        let (key, value) = try Contract.example("catalogue")
        var taken = 0
        try Self.mutants(of: value, count: 20_000) { mutant in
            guard case .upsert(let item) = decoder.decode(key: key, value: mutant) else { return }
            taken += 1
            try #expect(decoder.decode(key: key, value: item.encoded()) == .upsert(item))
        }
        #expect(taken > 1_000 && taken < 19_000)
    }

    @Test func lists() throws {
        let decoder = ListDecoder()
        let value = try RecommendationListTests.list.encoded()
        try Self.mutants(of: value, count: 20_000) { mutant in
            guard let published = try? decoder.decode(mutant) else { return }
            try #expect(decoder.decode(published.list.encoded()) == published)
        }
    }
}
