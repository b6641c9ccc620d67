import Application
import Commerce
import Evaluation
import Retrieval
import Streaming
import Testing
import TwoTower

@Suite("Lists by the rules, for the queries of an evaluation")
struct RuleTrialTests {
    /// The shop of the evaluation with brands and countries, and a model of its past.
    private struct Fixture {
        let log: EvaluationLog
        let split: Split
        let model: Model

        init() throws {
            let shop = EvaluationShop()
            var builder = EvaluationLogBuilder()
            for row in shop.rows {
                builder.append(
                    Event(
                        action: .browse, shopper: .known(row.user), item: ItemID(row.item),
                        time: EventTime(milliseconds: Int64(row.time) * 1000),
                        attributes: row.user.hasSuffix("7") ? ["country": "nl"] : [:]))
            }
            for (number, item) in shop.items.enumerated() {
                builder.append(
                    CatalogueItem(
                        item: ItemID(item), title: "Teapot \(number)", category: ["Shelf \(number / 6)"],
                        brand: "b\(number % 4)", markets: number % 2 == 0 ? ["be"] : []))
            }
            log = try builder.build()
            split = try Split(log, .streaming, .test)
            var settings = TrainingSettings()
            (settings.dimension, settings.epochs, settings.minimumTokenItems) = (16, 2, 1)
            model = try Trainer.train(log.trainingLog(split), catalogue: log.catalogue, settings: settings).model
        }

        func trial(market: String? = nil) throws -> RuleTrial {
            try RuleTrial(log, split, model, size: 20, recall: 1, market: market)
        }
    }

    private func items(_ outcome: RuleTrial.Outcome) -> [[ItemID]] { outcome.lists.map { $0.map(\.found.item) } }

    @Test("Without rules, and with a weight of 0, the lists are those that the evaluation ranks")
    func plain() throws {
        let fixture = try Fixture()
        let (log, split) = (fixture.log, fixture.split)
        let frozen = try TowerRecommender(log, fixture.model, .init(sparse: true, moving: false))
        let results = Runner.run(frozen, on: log, split)
        let trial = try fixture.trial()
        let plain = try trial.run(ListRules())
        #expect(items(plain) == results.map { $0.top.map { log.items[Int($0)] } })
        // A cap that never bites has the lists composed, one item after the other.
        let composed = try trial.run(ListRules(caps: [.init(.brand, limit: 20)], diversity: 0))
        #expect(composed.lists == plain.lists)
        let (figures, metrics) = (
            RuleFigures(composed, over: plain, trial, log, split),
            Metrics(results, split: split, items: log.items.count)
        )
        #expect(figures.recallAt10 == metrics.recallAt10 && figures.recallAt20 == metrics.recallAt20)
        #expect(figures.recallAt10.value > 0 && figures.lift?.ratio == 1)
    }

    @Test("Recall counts the lists' hits, and a weight makes their items differ more")
    func weight() throws {
        let fixture = try Fixture()
        let (log, split) = (fixture.log, fixture.split)
        let trial = try fixture.trial()
        let plain = try trial.run(ListRules())
        var least = RuleFigures(plain, over: nil, trial, log, split).measures.diversity ?? 0
        for weight in [Float(0.3), 0.9] {
            let outcome = try trial.run(ListRules(diversity: weight))
            let figures = RuleFigures(outcome, over: plain, trial, log, split)
            func hits(_ length: Int, _ outcome: RuleTrial.Outcome) -> Double {
                let hits = zip(items(outcome), split.queries).count { list, query in
                    list.prefix(length).contains(log.items[Int(query.target)])
                }
                return Double(hits) / Double(split.queries.count)
            }
            #expect(abs(figures.recallAt10.value - hits(10, outcome)) < 1e-6)
            #expect(abs(figures.recallAt20.value - hits(20, outcome)) < 1e-6)
            #expect(abs(try #require(figures.lift?.ratio) - hits(10, outcome) / hits(10, plain)) < 1e-6)
            #expect(try #require(figures.measures.diversity) > least)
            least = figures.measures.diversity ?? 0
        }
    }

    @Test("No list holds what its user has had, nor what is not sold in the user's market")
    func exclusions() throws {
        let fixture = try Fixture()
        let log = fixture.log
        let outcome = try fixture.trial(market: "country").run(ListRules(diversity: 0.5))
        var abroad = 0
        for (query, list) in zip(fixture.split.queries, items(outcome)) {
            let history = log.events(of: query.user).prefix(query.historyLength).map {
                log.items[Int(log.item(at: $0))]
            }
            #expect(Set(list).isDisjoint(with: history) && list.count == 20)
            guard log.users[Int(query.user)].id.hasSuffix("7") else { continue }
            abroad += 1
            #expect(list.allSatisfy { trial in log.catalogue.first { $0.item == trial }?.markets == [] })
        }
        #expect(abroad > 0)
    }
}
