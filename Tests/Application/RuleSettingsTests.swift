import Application
import Commerce
import Configuration
import Retrieval
import Streaming
import Testing

@Suite("Rules of lists") struct RuleSettingsTests {
    @Test func byDefaultNothingButTheScoreCounts() throws {
        let rules = try SomeSettings().settings.listRules
        #expect(rules == ListRules(filter: .all([.inStock]), excludesCart: true) && rules.isPlain)
    }

    @Test func everyRuleReachesTheLists() throws {
        let read = try SomeSettings(
            toml: """
                [rules]
                repurchase = "30d"
                repurchase_by_category = ["Food > Coffee = 14d", "Books = never", "A = B = always"]
                boosts = ["price 5..20 = 1.1", "brand A=B = 0.5", "new = 2", "category Home > Kitchen = 1"]
                pins = ["3 = brand Acme", "1=item i=7"]
                caps = ["brand = 2", "category = 3", "category 1 = 4"]
                diversity = 0.25
                exploration = 0.1
                minimum_score = -2
                """)
        #expect(read.mistakes == [])
        let day: Int64 = 86_400_000
        let expected = ListRules(
            filter: .all([.inStock]), excludesCart: true,
            repurchase: Repurchase(
                .after(milliseconds: 30 * day),
                byCategory: [
                    ["Food", "Coffee"]: .after(milliseconds: 14 * day), ["Books"]: .never, ["A = B"]: .always,
                ]),
            boosts: [
                .init(condition: .brand("A=B"), factor: 0.5),
                .init(condition: .category(["Home", "Kitchen"]), factor: 1),
                .init(condition: .new, factor: 2),
                .init(condition: .price(5...20), factor: 1.1),
            ],
            pins: [.init(rank: 1, condition: .items([ItemID("i=7")])), .init(rank: 3, condition: .brand("Acme"))],
            caps: [.init(.brand, limit: 2), .init(.category, limit: 3), .init(.categoryLevel(1), limit: 4)],
            diversity: 0.25, explorationShare: 0.1, minimumScore: -2)
        #expect(read.settings.listRules == expected)
    }

    @Test(arguments: [
        ("--rules-repurchase", "sometimes", "sometimes is not never, always, or a duration such as 30d"),
        ("--rules-repurchase", "0d", "0d: no time has to pass; write always"),
        (
            "--rules-repurchase-by-category", "Food",
            "Food is not CATEGORY = RULE such as Food > Coffee = 14d, Books = never"
        ),
        (
            "--rules-repurchase-by-category", "Food = 30",
            "Food = 30: 30 is not never, always, or a duration such as 30d"
        ),
        (
            "--rules-repurchase-by-category", "> = 3d",
            "> = 3d: a name is missing; write a category path such as Home > Kitchen"
        ),
        ("--rules-repurchase-by-category", "A > B = 3d, A>B = never", "A > B stands twice; keep one of them"),
        ("--rules-boosts", "brand Acme", "brand Acme is not CONDITION = FACTOR such as brand Acme = 1.5"),
        ("--rules-boosts", "brand Acme = x", "brand Acme = x: x is not a number"),
        ("--rules-boosts", "brand Acme = 0", "brand Acme = 0: factor 0 is out of range, which is 0.01 to 100"),
        ("--rules-boosts", "new = 100.5", "new = 100.5: factor 100.5 is out of range, which is 0.01 to 100"),
        ("--rules-boosts", "price 20..5 = 2", "price 20..5 = 2: no price is at least 20 and at most 5; write 5..20"),
        ("--rules-boosts", "price 5 = 2", "price 5 = 2: 5 is not a range of prices such as 5..200, ..200, 5.."),
        ("--rules-boosts", "new shoes = 2", "new shoes = 2: new stands alone; leave shoes out"),
        (
            "--rules-boosts", "brand = 2",
            "brand = 2: what it is for is missing; write a condition such as brand Acme, category Home > Kitchen, item i17, new, price 5..20"
        ),
        (
            "--rules-boosts", "colour red = 2",
            "colour red = 2: no attribute is called colour (there are brand, category, item, new, price)"
        ),
        (
            "--rules-boosts", "Catgory Home = 2",
            "Catgory Home = 2: no attribute is called Catgory (there are brand, category, item, new, price); did you mean category?"
        ),
        ("--rules-boosts", "price 5..20 = 2, price 5.0..20.0 = 3", "price 5..20 stands twice; keep one factor"),
        (
            "--rules-boosts", "new=2,brand A=2,brand B=2,brand C=2,brand D=2",
            "5 elements, of which there may be 4: each doubles the searches that a list takes"
        ),
        ("--rules-pins", "item i1", "item i1 is not RANK = CONDITION such as 1 = item i17, 3 = brand Acme"),
        ("--rules-pins", "first = new", "first = new: first is not an integer"),
        ("--rules-pins", "0 = new", "0 = new: rank 0 is none; the first is 1"),
        (
            "--rules-pins", "1 = it i1",
            "1 = it i1: no attribute is called it (there are brand, category, item, new, price)"
        ),
        ("--rules-pins", "2 = new, 2 = item i1", "rank 2 stands twice; keep one condition"),
        ("--rules-pins", "20 = new, 21 = item i1", "rank 21 is beyond the 20 of lists.size"),
        ("--rules-caps", "brand", "brand is not a cap such as brand = 2, category = 3, category 1 = 4"),
        ("--rules-caps", "brand = 0", "brand = 0: 0 is not an integer from 1"),
        ("--rules-caps", "brand Acme = 2", "brand Acme = 2: brand stands alone; a cap is for every brand"),
        (
            "--rules-caps", "category 0 = 2",
            "category 0 = 2: the level of a category is an integer from 1; write category 1"
        ),
        (
            "--rules-caps", "categry = 2",
            "categry = 2: no attribute is called categry (there are brand, category); did you mean category?"
        ),
        ("--rules-caps", "category 1 = 2, category = 2, category 1 = 3", "category 1 stands twice; keep one number"),
        ("--rules-diversity", "1.5", "1.5: out of range, which is 0.0 to 1.0"),
        ("--rules-exploration", "0.6", "0.6: out of range, which is 0.0 to 0.5"),
        ("--rules-minimum-score", "low", "low is not a number"),
    ]) func whatCannotWorkIsRefused(flag: String, text: String, mistake: String) throws {
        let key = flag.dropFirst(2).replacing("-", with: "_").replacing("rules_", with: "rules.")
        #expect(try SomeSettings([flag, text]).mistakes == ["\(flag): \(key): \(mistake)"])
    }

    @Test(arguments: [
        ("Home > Kitchen", "..10", "category Home", nil), ("Home", "..10", "category Home > Kitchen", nil),
        ("Home", "5..10", "price 10..20", nil), ("Home", "5..10", "category Garden", "filters.categories"),
        ("Home > Kitchen", "5..10", "category Home > Bath", "filters.categories"),
        ("Home", "5..10", "price 11..20", "filters.price"), ("Home", "5..", "price ..4", "filters.price"),
    ]) func aPinOfWhatTheFiltersLeaveOutIsRefused(
        categories: String, price: String, condition: String, key: String?
    ) throws {
        let read = try SomeSettings([
            "--filters-categories", categories, "--filters-price", price, "--rules-pins", "1 = \(condition)",
        ])
        #expect(
            read.mistakes
                == (key.map { ["--rules-pins: rules.pins: \($0) leaves out \(condition); change one of them"] } ?? []))
    }

    @Test func allThatIsWrongIsReportedAtOnce() throws {
        let read = try SomeSettings(
            toml: """
                [lists]
                size = 2
                [filters]
                allow = ["i1"]
                deny = ["i1", "i9"]
                brands = ["Acme"]
                categories_excluded = ["Home"]
                [rules]
                boosts = ["colour red = 2", "new = 1000"]
                pins = ["1 = item i9", "2 = item i2", "3 = brand B", "4 = category Home > Kitchen"]
                """)
        #expect(
            read.mistakes == [
                "4:9: filters.allow: i1 is in filters.deny as well; keep it in one of them",
                "9:10: rules.boosts: \"colour red = 2\": no attribute is called colour (there are brand, category, item, new, price)",
                "9:10: rules.boosts: \"new = 1000\": factor 1000 is out of range, which is 0.01 to 100",
                "10:8: rules.pins: filters.deny leaves out item i9; change one of them",
                "10:8: rules.pins: filters.allow leaves out item i2; change one of them",
                "10:8: rules.pins: rank 3 is beyond the 2 of lists.size",
                "10:8: rules.pins: filters.brands leaves out brand B; change one of them",
                "10:8: rules.pins: rank 4 is beyond the 2 of lists.size",
                "10:8: rules.pins: filters.categories_excluded leaves out category Home > Kitchen; change one of them",
            ])
    }

    @Test(arguments: [
        ["--filters-in-stock", "false"], ["--filters-price", "1..2"], ["--filters-categories", "A"],
        ["--filters-categories-excluded", "A"], ["--filters-brands", "A"], ["--filters-brands-excluded", "A"],
        ["--filters-allow", "A"], ["--filters-deny", "A"], ["--filters-in-cart", "false"],
        ["--rules-repurchase", "1d"],
        ["--rules-repurchase-by-category", "A = 1d"], ["--rules-boosts", "new = 2"], ["--rules-pins", "1 = new"],
        ["--rules-caps", "brand = 1"], ["--rules-diversity", "0.5"], ["--rules-exploration", "0.5"],
        ["--rules-minimum-score", "0"],
    ]) func everyKeyShapesTheDigest(flags: [String]) throws {
        #expect(try SomeSettings(flags).settings.listDigest() != SomeSettings().settings.listDigest())
    }

    @Test(arguments: [
        (["--filters-brands", "B, A"], ["--filters-brands", "A,B,A"]),
        (["--filters-price", "0..5.50"], ["--filters-price", "..5.5"]),
        (["--filters-categories", "A > B,C"], ["--filters-categories", "C,A>B"]),
        (["--rules-boosts", "new = 1.50, brand A = 2"], ["--rules-boosts", "brand A=2.0,new=1.5"]),
        (["--rules-pins", "2 = new, 1 = item i"], ["--rules-pins", "1 = item i, 2 = new"]),
        (["--rules-caps", "category 1 = 2, brand = 1"], ["--rules-caps", "brand=1,category  1=2"]),
        (["--rules-repurchase", "24h"], ["--rules-repurchase", "1d"]),
    ]) func howItIsWrittenDoesNot(one: [String], other: [String]) throws {
        let (one, other) = (try SomeSettings(one), try SomeSettings(other))
        #expect(one.mistakes == [] && other.mistakes == [])
        #expect(try one.settings.listDigest() == other.settings.listDigest())
        #expect(one.settings.listRules.boosts == other.settings.listRules.boosts)
        #expect(one.settings.listRules.pins == other.settings.listRules.pins)
    }

    @Test func whatIsInForceCanBeUsedAsAFile() throws {
        var reader = ArgumentReader([
            "--kafka-bootstrap-servers", "k:9092", "--rules-boosts", #""brand ""A"", B = 2", new = 1.5"#,
            "--filters-price", "..7.25",
            "--rules-repurchase-by-category", "A > B = 90s", "--filters-deny", "i1, \"i,2\"",
        ])
        let configured = reader.settings()
        let again = try SomeSettings(toml: KeyReport.values(configured.entries))
        #expect(again.mistakes == [] && again.settings.listRules == configured.settings.listRules)
        #expect(again.settings.listRules.boosts.first?.condition == .brand("\"A\", B"))
    }
}
