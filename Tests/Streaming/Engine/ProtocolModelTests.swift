import Commerce
import Streaming
import Testing

@Suite("Claim and commit under random schedules")
struct ProtocolModelTests {
    @Test("States and lists are those of one pass, whatever is frozen, killed or forgotten", arguments: 0..<16)
    func randomSchedules(block: Int) throws {
        var total = Simulation.Tally()
        for seed in 0..<25 {
            var simulation = Simulation(seed: UInt64(block * 1_000 + seed))
            for _ in 0..<600 { try simulation.step() }
            try simulation.finish()
            simulation.checkStore()
            simulation.checkOutput()
            total.commits += simulation.tally.commits
            total.refusals += simulation.tally.refusals
            total.lostWrites += simulation.tally.lostWrites
            total.zombies += simulation.tally.zombies
            total.crashes += simulation.tally.crashes
            total.lateLists += simulation.tally.lateLists
        }
        // A schedule that never met a fault would prove nothing.
        #expect(total.commits > 1_000)
        #expect(total.refusals > 100)
        #expect(total.lostWrites > 100)
        #expect(total.zombies > 100)
        #expect(total.crashes > 100)
        #expect(total.lateLists > 0, "no zombie ever produced late, so the consumers' rule was not tried")
    }
}
