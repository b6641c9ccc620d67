import Commerce
import Evaluation
import Testing

@Suite("Logs and their splits")
struct SplitTests {
    /// Twenty events: validation begins with the one at 16 (time 17), the test with the one at 18 (time 19).
    static let lines = """
        a p 1
        a q 2
        b p 3
        b q 4
        c p 5
        d r 6
        a r 7
        b s 8
        c q 9
        a s 10
        e p 11
        e q 12
        a t 13
        b t 14
        c s 15
        f p 16
        a u 17
        b p 18
        a v 19
        b u 20
        """

    @Test("Periods begin at 80% and 90% of the rows")
    func periods() throws {
        let log = try smallLog(Self.lines, catalogue: ["p", "z"])
        #expect(log.count == 20 && log.validationStart == 17_000 && log.testStart == 19_000)
        #expect(log.items.map(\.rawValue) == ["p", "q", "r", "s", "t", "u", "v", "z"])
        #expect(log.record(of: 0)?.title == "p" && log.record(of: 7)?.title == "z" && log.record(of: 1) == nil)
    }

    @Test("Streaming: new items of users with a history, by period")
    func streaming() throws {
        let log = try smallLog(Self.lines)
        let validation = try Split(log, .streaming, .validation)
        #expect(described(validation.queries, log) == ["a:5:u"])
        #expect(
            validation.roles == Array(repeating: .training, count: 16) + [.streamed, .streamed, .withheld, .withheld])
        let test = try Split(log, .streaming, .test)
        #expect(described(test.queries, log) == ["a:6:v", "b:5:u"])
        #expect(test.trainingCounts == [6, 4, 2, 3, 2, 1, 0])
        #expect(test.isKnown == [true, true, true, true, true, true, false])
    }

    @Test("Streaming: at most ten queries of a user, repeats are none")
    func limit() throws {
        var lines = (0..<180).map { "x\($0) p \($0)" }
        lines += (0..<20).map { "a i\(min($0, 15)) \(200 + $0)" }
        let log = try smallLog(lines.joined(separator: "\n"))
        let test = try Split(log, .streaming, .test)
        #expect(test.queries.map(\.historyLength) == Array(1...10))
    }

    @Test("Leave-one-out: the last is the test, the one before it the validation")
    func leaveOneOut() throws {
        let log = try smallLog(Self.lines)
        let test = try Split(log, .leaveOneOut, .test)
        #expect(described(test.queries, log) == ["c:2:s", "a:6:v", "b:5:u"])
        let validation = try Split(log, .leaveOneOut, .validation)
        #expect(described(validation.queries, log) == ["c:1:q", "a:5:u", "b:4:p"])
        #expect(validation.roles.count { $0 == .withheld } == 3 && validation.roles.count { $0 == .streamed } == 3)
        #expect(test.roles.count { $0 == .streamed } == 3)
    }

    @Test("Leave-two-out: the same queries, and the validation's items are not trained on")
    func leaveTwoOut() throws {
        let log = try smallLog(Self.lines)
        for stage in EvaluationStage.allCases {
            let (one, two) = (try Split(log, .leaveOneOut, stage), try Split(log, .leaveTwoOut, stage))
            #expect(two.queries == one.queries)
            let kept = (0..<log.count).filter { one.roles[$0] == .training && two.roles[$0] == .streamed }
            let validation = try Split(log, .leaveOneOut, .validation).queries.map(\.row)
            #expect(kept == (stage == .test ? validation : []))
        }
    }

    @Test("Ties keep the order of the file, whatever the order of times")
    func ties() throws {
        let log = try smallLog("b q 5\na p 1\na q 5\na r 5\nb p 0")
        let items = (0..<log.count).map { log.items[Int(log[$0].item)].rawValue }
        #expect(items == ["p", "p", "q", "q", "r"])
        #expect(log.events(of: 0).map { log[Int($0)].position } == [0, 1])
    }

    @Test("Nothing to ask is an error that says so")
    func nothing() throws {
        #expect(throws: EvaluationError.self) { try smallLog("") }
        let log = try smallLog("a p 1\nb p 2\nc p 3")
        #expect(throws: EvaluationError.self) { try Split(log, .streaming, .test) }
        #expect(throws: EvaluationError.self) { try Split(log, .leaveOneOut, .test) }
    }

    @Test("A sample is a subset in order, and the same for the same seed")
    func sample() throws {
        let log = try smallLog(Self.lines)
        let test = try Split(log, .leaveOneOut, .test)
        let sample = test.sample(2, seed: 1)
        #expect(sample.queries.count == 2 && sample.queries == test.sample(2, seed: 1).queries)
        #expect(sample.queries.map(\.row) == sample.queries.map(\.row).sorted())
        #expect(test.sample(3, seed: 1).queries == test.queries)
    }
}
