import Foundation

/// A shop's events and items as files, and the queries that follow from them, derived here by the protocols' own words.
struct EvaluationShop {
    struct Row {
        var user: String
        var item: String
        var time: Int
    }

    /// In the order of the file, which is that of time.
    let rows: [Row]
    let items: [String]

    /// 120 users who walk along shelves of 60 items, now and then back, and in the last part over 66 of them.
    init() {
        var walk: [(user: Int, item: Int, time: Int)] = []
        for user in 0..<120 {
            var item = user * 17 % 60
            for step in 0..<(4 + user % 9) {
                item = (item + [1, 1, 2, 1, 59][(user + step) % 5]) % (user > 90 ? 66 : 60)
                walk.append((user, item, 1_767_225_600 + user * 5_000 + step * 9_000 + user * step % 7))
            }
        }
        rows = walk.sorted { ($0.time, $0.user) < ($1.time, $1.user) }
            .map { Row(user: "u\($0.user)", item: "i\($0.item)", time: $0.time) }
        items = (0..<70).map { "i\($0)" }
    }

    /// Writes `events.tsv` and `items.jsonl`.
    func write(to folder: Scratch) throws {
        try folder.write(
            "events.tsv",
            ["user_id\titem_id\ttype\ttimestamp"] + rows.map { "\($0.user)\t\($0.item)\tbrowse\t\($0.time)" })
        try folder.write(
            "items.jsonl",
            items.enumerated().map {
                "{\"item_id\":\"\($1)\",\"title\":\"Teapot \($0)\",\"category\":[\"Shelf \($0 / 6)\"]}"
            })
    }

    /// Time of the event at 90% of the rows.
    var testStart: Int { rows[Int(Double(rows.count) * 0.9)].time }

    /// User and number of events before, to the item asked for.
    func queries(_ setting: String) -> [String: String] {
        var queries: [String: String] = [:]
        for (user, history) in histories {
            if setting != "streaming" {
                if history.count >= 3 { queries["\(user) \(history.count - 1)"] = history[history.count - 1].item }
                continue
            }
            var (seen, asked) = (Set<String>(), 0)
            for (index, row) in history.enumerated() {
                let isNew = seen.insert(row.item).inserted
                guard index > 0, row.time >= testStart, isNew, asked < 10 else { continue }
                queries["\(user) \(index)"] = row.item
                asked += 1
            }
        }
        return queries
    }

    var histories: [String: [Row]] { Dictionary(grouping: rows) { $0.user } }

    /// A line of a dump.
    struct Answer {
        var user: String
        var time: Int
        var historyLength: Int
        var target: String
        var rank: Int
        var top: [String]
    }

    /// The answers of a dump whose first line is the agreed header; nil for any other file.
    static func answers(_ dump: String) -> [Answer]? {
        var lines = dump.split(separator: "\n")
        guard !lines.isEmpty, lines.removeFirst() == "user_id\ttimestamp\thistory_length\ttarget\trank\ttop" else {
            return nil
        }
        var answers: [Answer] = []
        for line in lines {
            let cells = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
            guard cells.count == 6, let time = Int(cells[1]), let length = Int(cells[2]), let rank = Int(cells[4])
            else {
                return nil
            }
            answers.append(
                Answer(
                    user: cells[0], time: time, historyLength: length, target: cells[3], rank: rank,
                    top: cells[5].split(separator: ",").map(String.init)))
        }
        return answers
    }

    /// What is wrong with answers: empty if all is as the protocol wants it.
    func faults(_ answers: [Answer], _ setting: String) -> [String] {
        var open = queries(setting)
        var faults: [String] = []
        for answer in answers {
            let place = "\(answer.user) \(answer.historyLength)"
            guard open.removeValue(forKey: place) == answer.target, let history = histories[answer.user] else {
                faults.append("\(place): no query of the protocol, or one asked twice")
                continue
            }
            let before = Set(history.prefix(answer.historyLength).map(\.item))
            if history[answer.historyLength].time != answer.time { faults.append("\(place): another time") }
            if !before.isDisjoint(with: answer.top) { faults.append("\(place): an item of the history") }
            if Set(answer.top).count != answer.top.count { faults.append("\(place): an item twice") }
            if !Set(answer.top).isSubset(of: items) { faults.append("\(place): an item of no shop") }
            if answer.top.count > 20 { faults.append("\(place): more than 20") }
            let found = answer.top.firstIndex(of: answer.target).map { $0 + 1 }
            if let found, found != answer.rank { faults.append("\(place): rank \(answer.rank), place \(found)") }
            if found == nil, answer.rank <= answer.top.count {
                faults.append("\(place): rank \(answer.rank), not listed")
            }
            if answer.rank < 1 || answer.rank > items.count { faults.append("\(place): rank \(answer.rank)") }
        }
        return faults + open.keys.map { "\($0): not asked" }
    }
}
