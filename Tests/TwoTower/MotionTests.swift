import Foundation
import LinearAlgebra
import Testing
import TwoTower

/// Items that follow the stream, against the formulas in double precision.
@Suite struct MotionTests {
    static let dimension = 16

    static func unit(_ generator: inout SplitMix64) -> [Float] {
        let values = (0..<dimension).map { _ in generator.normal() }
        let length = values.reduce(0) { $0 + $1 * $1 }.squareRoot()
        return values.map { Float($0 / length) }
    }

    @Test func vectorsFollowTheTouches() {
        let d = Self.dimension
        var generator = SplitMix64(seed: 3)
        let rule = MotionRule(
            knownPrior: 5, newPrior: 0.5, newGain: 0.9, popularityWeight: 0.05, popularityHalfLife: 10_000)
        // Item 0 known, 1 new with features, 2 new without, 3 never touched.
        let base = FloatBuffer(count: 4 * d)
        let bases = (0..<4).map { $0 == 2 ? [Float](repeating: 0, count: d) : Self.unit(&generator) }
        for item in 0..<4 { for i in 0..<d { base.pointer[item * d + i] = bases[item][i] } }
        let moving = MovingItems(
            rule: rule, base: base, hasBase: [true, true, false, true], isKnown: [true, false, false, true],
            dimension: d, popularity: [8, 0, 0, 2], time: 0)
        var sums = [[Double]](repeating: [Double](repeating: 0, count: d), count: 4)
        var touches = [Double](repeating: 0, count: 4)
        for step in 1...6 {
            for item in 0..<3 {
                let state = Self.unit(&generator)
                moving.touch(item, state: state, time: Int64(step) * 1000)
                for i in 0..<d { sums[item][i] += Double(state[i]) }
                touches[item] += 1
            }
        }
        moving.touch(0, state: nil, time: 6000)  // a repeat: popularity alone
        func moved(_ item: Int) -> [Float] { (0..<d).map { moving.vectors.pointer[item * d + $0] } }
        let known = (0..<d).map { 5 * Double(bases[0][$0]) + sums[0][$0] }
        let length = known.reduce(0) { $0 + $1 * $1 }.squareRoot()
        for i in 0..<d {
            #expect(abs(Double(moved(0)[i]) - known[i] / length) < 1e-5)
            for item in [1, 2] {
                let expected = 0.9 * (0.5 * Double(bases[item][i]) + sums[item][i]) / (0.5 + touches[item])
                #expect(abs(Double(moved(item)[i]) - expected) < 1e-5)
            }
        }
        #expect(moved(3) == bases[3])
        #expect(moving.hasVector == [true, true, true, true])
        #expect(moving.touched.count == 19)

        // Popularity: 8 at the start, six touches a second apart and one more, each halved every ten seconds.
        var popularity = 8.0
        for _ in 1...6 { popularity = popularity * pow(2, -0.1) + 1 }
        popularity += 1
        #expect(abs(Double(moving.coordinates[0]) - 0.05 * log(1 + popularity)) < 1e-5)
        moving.refresh(at: 26_000)
        #expect(moving.touched.isEmpty)
        #expect(abs(Double(moving.coordinates[0]) - 0.05 * log(1 + popularity / 4)) < 1e-5)
        #expect(abs(Double(moving.coordinates[3]) - 0.05 * log(1 + 2 * pow(2, -2.6))) < 1e-5)
    }

    @Test func aRuleWithoutAPriorLeavesKnownItemsWhereTheyAre() {
        let d = Self.dimension
        var generator = SplitMix64(seed: 5)
        let rule = MotionRule(
            knownPrior: nil, newPrior: 0.5, newGain: 1, popularityWeight: 0, popularityHalfLife: 1000)
        let base = FloatBuffer(count: d)
        let vector = Self.unit(&generator)
        for i in 0..<d { base.pointer[i] = vector[i] }
        let moving = MovingItems(
            rule: rule, base: base, hasBase: [true], isKnown: [true], dimension: d, popularity: [0], time: 0)
        moving.touch(0, state: Self.unit(&generator), time: 5)
        #expect((0..<d).map { moving.vectors.pointer[$0] } == vector)
    }

    @Test func touchesThatCancelTheVectorLeaveIt() {
        let d = Self.dimension
        var generator = SplitMix64(seed: 6)
        let rule = MotionRule(knownPrior: 1, newPrior: 0.5, newGain: 1, popularityWeight: 0, popularityHalfLife: 1000)
        let base = FloatBuffer(count: d)
        let vector = Self.unit(&generator)
        for i in 0..<d { base.pointer[i] = vector[i] }
        let moving = MovingItems(
            rule: rule, base: base, hasBase: [true], isKnown: [true], dimension: d, popularity: [0], time: 0)
        moving.touch(0, state: vector.map { -$0 }, time: 5)
        #expect((0..<d).map { moving.vectors.pointer[$0] } == vector)
    }
}
