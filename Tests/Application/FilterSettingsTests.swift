import Application
import Commerce
import Configuration
import Retrieval
import Testing

@Suite("Filters of lists") struct FilterSettingsTests {
    @Test func byDefaultOnlyWhatIsInStockAndNotInTheCartIsListed() throws {
        let filters = try SomeSettings().settings.filters
        #expect(filters.condition == .all([.inStock]) && filters.inCart)
    }

    @Test func eachFilterIsACondition() throws {
        let read = try SomeSettings(
            toml: """
                [filters]
                in_stock = false
                in_cart = false
                price = "5..19.9"
                categories = ["Home > Kitchen", "Toys"]
                categories_excluded = ["Home>Kitchen  >  Knives"]
                brands = ["Acme"]
                brands_excluded = ["Ünder, Son"]
                allow = ["i1", "i2"]
                deny = ["i3"]
                """)
        #expect(read.mistakes == [] && !read.settings.filters.inCart)
        #expect(
            read.settings.filters.condition
                == .all([
                    .price(5...Float(19.9)), .any([.category(["Home", "Kitchen"]), .category(["Toys"])]),
                    .not(.category(["Home", "Kitchen", "Knives"])), .any([.brand("Acme")]), .not(.brand("Ünder, Son")),
                    .items(["i1", "i2"].map { ItemID($0) }.reduce(into: []) { $0.insert($1) }),
                    .not(.items([ItemID("i3")])),
                ]))
    }

    @Test(
        arguments: [
            ("5..200", 5...200, "5..200"), ("..200", 0...200, "..200"), ("5..", 5...Float.infinity, "5.."),
            ("0..", 0...Float.infinity, "0.."), ("0..5", 0...5, "..5"), ("5.50..5.50", 5.5...5.5, "5.5..5.5"),
            ("0.1..19.9", Float(0.1)...Float(19.9), "0.1..19.9"),
        ] as [(String, ClosedRange<Float>, String)])
    func pricesAreRanges(written: String, bounds: ClosedRange<Float>, text: String) throws {
        let range = try #require(PriceRange(.string(written)))
        #expect(range.bounds == bounds && range.text == text && PriceRange(.untyped(text)) == range)
    }

    @Test(arguments: [
        "", "..", "5", "-5..3", "5...7..8", "a..b", "5 .. 7", "1e3..2e3", "nan..", "..inf", "5..9..", "1.1.1..2",
    ])
    func otherTextsAreNoRanges(text: String) throws {
        #expect(
            try SomeSettings(["--filters-price", text]).mistakes
                == [
                    "--filters-price: filters.price: \(text.isEmpty ? "\"\"" : text) is not a range of prices such as 5..200, ..200, 5.."
                ])
    }

    @Test(arguments: [
        (
            ["--filters-price", "200..5"],
            ["--filters-price: filters.price: 200..5: no price is at least 200 and at most 5; write 5..200"]
        ),
        (
            ["--filters-categories", "Home > > Kitchen"],
            [
                "--filters-categories: filters.categories: Home > > Kitchen: a name is missing; write a category path such as Home > Kitchen"
            ]
        ),
        (
            ["--filters-brands", "Acme,"],
            ["--filters-brands: filters.brands: element 2, \"\": must not be empty"]
        ),
        (
            ["--filters-deny", "i1,,"],
            [
                "--filters-deny: filters.deny: \"\" is not an item id of 1 to 128 bytes",
                "--filters-deny: filters.deny: \"\" is not an item id of 1 to 128 bytes",
            ]
        ),
        (
            ["--filters-allow", "i1,i2,i3", "--filters-deny", "i3,i2"],
            [
                "--filters-allow: filters.allow: i2 is in filters.deny as well; keep it in one of them",
                "--filters-allow: filters.allow: i3 is in filters.deny as well; keep it in one of them",
            ]
        ),
        (
            ["--filters-brands", "Acme", "--filters-brands-excluded", "Acme"],
            ["--filters-brands: filters.brands: Acme is in filters.brands_excluded as well; keep it in one of them"]
        ),
        (
            ["--filters-categories", "Home > Kitchen", "--filters-categories-excluded", "Home>Kitchen"],
            [
                "--filters-categories: filters.categories: Home > Kitchen is in filters.categories_excluded as well; keep it in one of them"
            ]
        ),
        (
            ["--filters-categories", "Home > Kitchen", "--filters-categories-excluded", "Home"],
            [
                "--filters-categories: filters.categories: Home > Kitchen lies in Home, which filters.categories_excluded leaves out; drop one of them"
            ]
        ),
        (["--filters-categories", "Home", "--filters-categories-excluded", "Home > Kitchen, Ho"], []),
    ]) func contradictionsNameBothKeys(flags: [String], mistakes: [String]) throws {
        #expect(try SomeSettings(flags).mistakes == mistakes)
    }
}
