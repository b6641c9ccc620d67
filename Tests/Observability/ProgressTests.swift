import Observability
import Testing

@Suite struct ProgressTests {
    @Test func aTerminalIsDrawnInPlaceAtMostTenTimesASecond() {
        var meter = ProgressMeter(label: "training", total: 2000, unit: "events", columns: 120)
        let first = meter.advance(by: 500, note: "loss 4.21", elapsed: .seconds(1))
        #expect(
            first == "\rtraining  [#####...............]  25%  500 of 2,000 events  500/s  0:03 left  loss 4.21\u{1B}[K"
        )
        #expect(meter.advance(by: 500, note: nil, elapsed: .milliseconds(1050)) == nil)
        #expect(meter.advance(by: 0, note: nil, elapsed: .milliseconds(1100))?.contains("50%") == true)
        #expect(
            meter.finish(elapsed: .seconds(2))
                == "\rtraining  [##########..........]  50%  1,000 of 2,000 events  500/s  in 0:02  loss 4.21\u{1B}[K\n"
        )
        #expect(meter.finish(elapsed: .seconds(3)) == nil)
        #expect(meter.advance(by: 1, note: nil, elapsed: .seconds(9)) == nil)
    }

    @Test func aLineIsCutToTheTerminal() {
        var meter = ProgressMeter(label: "training", total: 2000, unit: "events", columns: 20)
        #expect(meter.advance(by: 500, note: nil, elapsed: .seconds(1)) == "\rtraining  [#####...\u{1B}[K")
    }

    @Test func elsewhereALineComesEveryTenSecondsAndFewPercent() {
        var meter = ProgressMeter(label: "import", total: 1000, unit: "rows", columns: nil)
        #expect(meter.advance(by: 900, note: nil, elapsed: .seconds(9)) == nil)
        #expect(
            meter.advance(by: 5, note: nil, elapsed: .seconds(10))
                == "import  90%  905 of 1,000 rows  90/s  0:01 left\n")
        #expect(meter.advance(by: 19, note: nil, elapsed: .seconds(100)) == nil)
        #expect(meter.advance(by: 1, note: nil, elapsed: .seconds(100))?.hasPrefix("import  92%") == true)
        #expect(meter.finish(elapsed: .seconds(4000))?.hasSuffix("0.2/s  in 1:06:40\n") == true)
    }

    @Test func withoutATotalThereIsNoShare() {
        var meter = ProgressMeter(label: "reading", total: nil, unit: "records", columns: nil)
        #expect(
            meter.advance(by: 1_234_567, note: nil, elapsed: .seconds(10)) == "reading  1,234,567 records  123,456/s\n")
        var empty = ProgressMeter(label: "reading", total: 0, unit: "records", columns: nil)
        #expect(empty.finish(elapsed: .zero) == "reading  100%  0 of 0 records  0.0/s  in 0:00\n")
    }
}
