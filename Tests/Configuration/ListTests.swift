import Configuration
import Testing

@Suite("Keys that hold lists")
struct ListTests {
    @Test(
        "A text with commas is a list",
        arguments: [
            ("", []), ("  ", []), ("a", ["a"]), ("a,b", ["a", "b"]), (" a b , c ", ["a b", "c"]),
            (#""a, b",c"#, ["a, b", "c"]), (#"  "a ""b"""  , "" "#, [#"a "b""#, ""]),
            (#"5" nails, x"#, [#"5" nails"#, "x"]),
            (#"" a ""#, [" a "]), ("a,", ["a", ""]), (",", ["", ""]), (#""""""#, ["\""]),
        ] as [(String, [String])])
    func texts(text: String, elements: [String]) {
        #expect([String](.untyped(text)) == elements)
        // What is written of them is read as the same.
        #expect([String](.untyped(elements.text)) == elements)
    }

    @Test(
        "A quoted element that has no end, or something behind it, is none",
        arguments: [#""a"#, #"a, "b"#, #""a"b"#, #""a" b, c"#, #"""""#])
    func brokenTexts(text: String) { #expect([String](.untyped(text)) == nil) }

    @Test("An array of the file is a list, and each source replaces the one before")
    func layers() throws {
        let toml = "[shop]\nname = \"x\"\ntags = [\"a, b\", 'c\"',]\nplaces = [\n  \"1/2\",\n  \"3/4\",\n]\n"
        let outcome = try Outcome(toml: toml)
        #expect(outcome.mistakes == [] && outcome.shop.tags == ["a, b", "c\""])
        #expect(outcome.shop.places.map(\.text) == ["1/2", "3/4"])
        #expect(outcome.entry("shop.tags")?.value == #"["a, b", "c\""]"#)
        let variable = try Outcome(toml: toml, environment: ["BREADCRUMB_SHOP_TAGS": "d, e"])
        #expect(variable.mistakes == [] && variable.shop.tags == ["d", "e"])
        let flag = try Outcome(toml: toml, environment: ["BREADCRUMB_SHOP_TAGS": "d, e"], flags: ["--shop-tags", ""])
        #expect(flag.mistakes == [] && flag.shop.tags == [])
    }

    @Test(
        "Every element that is wrong is a mistake of its own",
        arguments: [
            ("tags = \"a\"", ["shop.toml:2:13: shop.tags: \"a\" is not a list; write [\"a\"]"]),
            ("tags = 3", ["shop.toml:2:13: shop.tags: 3 is not a list; write [3]"]),
            ("tags.a = 3", ["shop.toml:2:6: shop.tags: a table is not a list, each a text"]),
            (
                "tags = [\"a\", 1, [\"b\"]]",
                ["shop.toml:2:13: shop.tags: 1 is not a text", "shop.toml:2:13: shop.tags: [\"b\"] is not a text"]
            ),
            ("tags = [\"a\", \"\"]", ["shop.toml:2:13: shop.tags: element 2, \"\": must not be empty"]),
            (
                "places = [\"1/1\", \"0/3\", \"7\", 7]",
                [
                    "shop.toml:2:15: shop.places: \"0/3\": rows count from 1",
                    "shop.toml:2:15: shop.places: \"7\" is not a place such as 3/7",
                    "shop.toml:2:15: shop.places: 7 is not a place such as 3/7",
                ]
            ),
            (
                "places = [\"1/1\", \"2/2\", \"3/3\", \"4/4\"]",
                [
                    "shop.toml:2:15: shop.places: 4 elements, of which there may be 3: the shelf is full"
                ]
            ),
        ])
    func mistakes(content: String, mistakes: [String]) throws {
        #expect(try Outcome(toml: "shop.name = \"x\"\nshop." + content).mistakes == mistakes)
    }

    @Test("So is one of a variable or a flag")
    func mistakesOfTexts() throws {
        let outcome = try Outcome(
            environment: ["BREADCRUMB_SHOP_PLACES": "1/1, 0/3,"], flags: ["--shop-name=x", "--shop-tags", "a, \"b"])
        #expect(
            outcome.mistakes == [
                "BREADCRUMB_SHOP_PLACES: shop.places: 0/3: rows count from 1",
                "BREADCRUMB_SHOP_PLACES: shop.places: \"\" is not a place such as 3/7",
                "--shop-tags: shop.tags: \"a, \\\"b\": a quoted element ends with a quotation mark, then comes a comma",
            ])
    }

    @Test("A list is documented by its elements and its length")
    func documentation() throws {
        let table = KeyReport.markdown(try Outcome().entries)
        #expect(table.contains("| `shop.tags` | `none` | a list, each a text: not empty | Tags. |\n"))
        #expect(table.contains("| `shop.places` | `none` | a list, each a place such as 3/7: at most 3 | Places. |\n"))
    }
}
