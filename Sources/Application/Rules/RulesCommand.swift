import Configuration
import Evaluation
import Foundation

/// Shows what rules cost in hits and give in variety, on a shop's files.
struct RulesCommand: Command {
    static let name = "rules"
    static let abstract = "Measures what rules cost in hits and give in variety, on a shop's files."

    private let events: InputTable
    private let items: InputTable?
    private let setting: EvaluationProtocol
    private let model: String
    private let queries: Int
    private let choices: [RuleChoice]

    init(reading arguments: inout ArgumentReader) {
        (events, items, _) = arguments.shopFiles()
        model = arguments.option(
            "model", default: "model", accepting: .notEmpty,
            "Folder of a checkpoint that has not seen what is asked; `breadcrumb train --until` makes one.")
        setting = arguments.option(
            "protocol", default: EvaluationProtocol.streaming, "Which items are asked for, as of `breadcrumb evaluate`."
        )
        queries = arguments.option(
            "queries", default: 5000, accepting: .within(1...Int.max),
            "How many of the queries are asked at most: a sample, the same for all rules.")
        choices = arguments.ruleChoices()
    }

    func run() throws -> ExitCode {
        guard let configured = choices.first?.settings else { return .usage }
        var bars = StepBars()
        defer { bars.finish() }
        let log = try EvaluationLog(
            events: events, items: items, progress: { bars.show($0, doing: "reading") },
            refused: {
                bars.finish()
                tell($0.description)
            })
        let split = try Split(log, setting, .test).sample(queries, seed: 1)
        let model = try TowerTrainer.read(model, log, split).model
        let trial = try RuleTrial(
            log, split, model, size: configured.lists.size, recall: configured.retrieval.recall,
            market: configured.markets.attribute)
        var report = RuleReport(log, split, size: configured.lists.size)
        var standard: RuleTrial.Outcome?
        for (number, choice) in choices.enumerated() {
            bars.show("trying", number, of: choices.count, unit: "rules", note: choice.name)
            let outcome = try trial.run(choice.settings.listRules)
            report.add(choice.name, RuleFigures(outcome, over: standard, trial, log, split))
            if standard == nil { standard = outcome }
        }
        bars.finish()
        print(report.text, terminator: "")
        return .success
    }
}
