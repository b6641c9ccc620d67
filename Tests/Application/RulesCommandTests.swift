import Foundation
import Testing

@Suite("breadcrumb rules")
struct RulesCommandTests {
    private static let files = ["--events", "events.tsv", "--items", "items.jsonl"]
    private let shop = EvaluationShop()

    private func folder() throws -> Scratch {
        let folder = try Scratch()
        try shop.write(to: folder)
        let until = Date(timeIntervalSince1970: Double(shop.testStart)).formatted(.iso8601)
        let train = ["train", "--dimension", "16", "--epochs", "2", "--until", until] + Self.files
        #expect(try run(train, in: folder).status == 0)
        return folder
    }

    /// The cells of a table's lines, head and queries left out.
    private func rows(_ output: String) -> [[String]] {
        output.split(separator: "\n").dropFirst(2).map { line in
            line.split(separator: /\s{2,}/).map(String.init)
        }
    }

    @Test("One row for the rules of the configuration, one for each change")
    func table() async throws {
        try await onThread {
            let folder = try folder()
            let done = try run(["rules"] + Self.files, in: folder)
            #expect(done.status == 0, "\(done.complaint)")
            #expect(done.output.hasPrefix("protocol streaming, \(shop.queries("streaming").count) queries of "))
            let weights = ["0.1", "0.2", "0.3", "0.5", "0.7"].map { "diversity=\($0)" }
            #expect(rows(done.output).map { $0[0] } == ["as configured"] + weights)
            try folder.write("shop.toml", ["[lists]", "size = 10", "[rules]", "diversity = 0.4"])
            let tries = ["diversity=0.4", "diversity=0", "caps=category = 2"].flatMap { ["--try", $0] }
            let other = try run(
                ["rules", "--config", "shop.toml", "--queries", "40"] + Self.files + tries, in: folder)
            #expect(other.status == 0 && other.output.hasPrefix("protocol streaming, 40 queries of "))
            #expect(other.output.contains(", 70 items, lists of 10\n"))
            let table = rows(other.output)
            #expect(table.count == 4 && table[1][1] == table[0][1] && table[1][3].hasPrefix("1.00×"))
            #expect(table[3][0] == "caps=category = 2")
        }
    }

    @Test(
        "What is wrong with a change is told where it stands",
        arguments: [
            ("diversity=2", "--try: rules.diversity: 2.0: out of range, which is 0.0 to 1.0"),
            ("diversty=0.2", "--try: diversty=0.2 is not KEY=VALUE with a key of rules; did you mean diversity?"),
            ("diversity", "--try: diversity is not KEY=VALUE with a key of rules"),
            ("repurchase=30d", "--try: repurchase=30d changes nothing here: the queries ask for what is new to a user"),
            ("repurchase_by_category=Tea = 7d", "all that a user has had is left out of every row"),
            ("pins=30 = new", "--try: rules.pins: rank 30 is beyond the 20 of lists.size"),
        ])
    func wrong(change: String, complaint: String) throws {
        let done = try run(["rules", "--events", "none.tsv", "--try", change])
        #expect(done.status == 2 && done.output.isEmpty)
        #expect(done.complaint.contains(complaint), "\(done.complaint)")
    }

    @Test("A checkpoint that has seen the answers is refused")
    func seen() throws {
        let folder = try folder()
        let all = ["train", "--dimension", "16", "--epochs", "1", "--model", "all"] + Self.files
        #expect(try run(all, in: folder).status == 0)
        let done = try run(["rules", "--model", "all"] + Self.files, in: folder)
        #expect(done.status == 1 && done.complaint.contains("it has seen the answers; train with --until"))
    }
}
