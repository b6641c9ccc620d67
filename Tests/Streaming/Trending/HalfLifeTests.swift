import Commerce
import Foundation
import Streaming
import Testing

@Suite("The weights of a half-life")
struct HalfLifeTests {
    @Test("A weight doubles with every half-life, exactly, and lies within rounding of the power in between")
    func powers() {
        for tick in Int64(-200)...200 {
            let weight = HalfLife.weight(at: tick, from: -1)
            #expect(HalfLife.weight(at: tick + HalfLife.ticks, from: -1) == 2 * weight)
            #expect(HalfLife.weight(at: tick, from: 1) == weight / 4)
            #expect(HalfLife.weight(at: tick + 1, from: -1) > weight)
            let power = pow(2, Double(tick) / 64 + 1)
            #expect(abs(weight - power) <= 8 * power.ulp, "tick \(tick)")
        }
        #expect(HalfLife.weight(at: 0, from: 0) == 1)
    }

    @Test("Powers beyond a double's reach are zero or infinite, never a trap")
    func extremes() {
        for tick in [Int64.min, .min + 1, -1 << 40, 1 << 40, .max] {
            for period in [Int64.min, 0, .max] { #expect(HalfLife.weight(at: tick, from: period) >= 0) }
        }
        #expect(HalfLife.weight(at: -64 * 3_000, from: 0) == 0)
        #expect(HalfLife.scale(0, by: 5) == 0)
        #expect(HalfLife.scale(3, by: -1) == 1.5)
    }

    @Test("A time lies in the tick that began last, before 1970 too")
    func ticks() {
        let hour = HalfLife(milliseconds: 3_600_000)
        #expect(hour.tick == 56_250)
        for (time, tick) in [(0, 0), (56_249, 0), (56_250, 1), (-1, -1), (-56_250, -1), (-56_251, -2)]
            as [(Int64, Int64)]
        {
            #expect(hour.tick(of: EventTime(milliseconds: time)) == tick)
        }
        #expect(HalfLife(milliseconds: 0).tick(of: EventTime(milliseconds: .min)) == .min)
    }
}
