import Configuration
import Testing

@Suite struct ArgumentTests {
    /// What a command with arguments of every kind reads.
    private struct Reading {
        var json = false
        var limit = 0
        var label: String?
        var source = ""
        var user = ""
        var rest: [String] = []
        var mistakes: [String] = []
        var help = ""
        var wantsHelp = false

        init(_ arguments: String...) { self.init(arguments) }

        init(_ arguments: [String]) {
            var reader = ArgumentReader(arguments)
            json = reader.flag("json", "As JSON.")
            limit = reader.option("limit", default: 10, accepting: .within(1...100), "At most so many.")
            label = reader.option("label", "A label.")
            source = reader.required("source", example: "events.csv", "Where from.")
            user = reader.positional("USER", example: "u42", "Whose.")
            rest = reader.remaining("ITEM", "Which.")
            wantsHelp = reader.wantsHelp
            help = reader.help(invocation: "breadcrumb user", abstract: "Shows a shopper.")
            do throws(Mistakes) { try reader.finish() } catch { mistakes = error.all.map(\.description) }
        }
    }

    @Test func optionsAndArgumentsMayStandInAnyOrder() {
        for reading in [
            Reading("--json", "--limit", "5", "--source=a=b", "u1", "x", "y"),
            Reading("u1", "x", "--source", "a=b", "--limit=5", "y", "--json"),
        ] {
            #expect(reading.mistakes == [])
            #expect(reading.json && reading.limit == 5 && reading.source == "a=b" && reading.label == nil)
            #expect(reading.user == "u1" && reading.rest == ["x", "y"])
        }
    }

    @Test func behindTwoDashesNothingIsAnOption() {
        let reading = Reading("--source", "s", "--", "--json", "--", "-x")
        #expect(reading.mistakes == [])
        #expect(!reading.json && reading.user == "--json" && reading.rest == ["--", "-x"])
    }

    @Test func negativeNumbersAndADashAreArguments() {
        let reading = Reading("--source", "-", "-5", "-")
        #expect(reading.mistakes == [])
        #expect(reading.source == "-" && reading.user == "-5" && reading.rest == ["-"])
    }

    @Test(arguments: [
        (["u"], ["--source: missing; for example --source events.csv"]),
        (["--source", "s"], ["USER: missing; for example u42"]),
        (["--source", "s", "u", "--limit", "many"], ["--limit: many is not an integer"]),
        (["--source", "s", "u", "--limit", "0"], ["--limit: 0: out of range, which is 1 to 100"]),
        (["--source", "s", "u", "--limt", "3"], ["--limt: unknown option; did you mean --limit?"]),
        (["--source", "s", "--jsn", "u"], ["--jsn: unknown option; did you mean --json?"]),
        (["--source", "s", "u", "--json=yes"], ["--json: takes no value"]),
        (["--source", "s", "u", "-v"], ["-v: unknown option; --help lists what there is"]),
        (["u", "--source"], ["--source: needs a value"]),
        (["--source", "--json", "u"], ["--source: needs a value"]),
        (
            ["--limit=x", "--label=a", "--label=b"],
            [
                "--limit: x is not an integer", "--label: given 2 times; it can be given once",
                "--source: missing; for example --source events.csv", "USER: missing; for example u42",
            ]
        ),
    ]) func mistakesAreReportedAtOnce(arguments: [String], mistakes: [String]) {
        let reading = Reading(arguments)
        #expect(reading.mistakes == mistakes)
    }

    @Test func theHelpIsMadeFromTheDeclarations() {
        let reading = Reading("--help")
        #expect(reading.wantsHelp && !Reading("--", "--help").wantsHelp)
        #expect(
            reading.help == """
                Shows a shopper.

                Usage: breadcrumb user [options] USER [ITEM …]

                Arguments:
                  USER  Whose.
                  ITEM  Which.

                Options:
                  --json                As JSON.
                  --limit (an integer)  At most so many. Default: 10.
                  --label (a text)      A label.
                  --source (a text)     Where from.
                  --help                Shows this help.

                """)
    }
}
