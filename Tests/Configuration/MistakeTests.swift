import Configuration
import Testing

@Suite struct MistakeTests {
    private static let named = "shop.name = \"a\"\n"

    @Test(arguments: [
        // Unknown
        ("shop.sise = 3", "shop.toml:2:6: shop.sise: unknown key; did you mean shop.size?"),
        ("[net]\n  timeOut = \"3s\"", "shop.toml:3:3: net.timeOut: unknown key; did you mean net.time_out?"),
        ("[net]\nzebra = 1", "shop.toml:3:1: net.zebra: unknown key"),
        ("[nte]\na = 1\nb = 2", "shop.toml:2:2: nte: unknown table; did you mean net?"),
        ("[[elephants]]\na = 1", "shop.toml:2:3: elephants: unknown key"),
        ("\"shop.size\" = 3", "shop.toml:2:1: \"shop.size\": unknown key; write it without quotes"),
        ("net = 3", "shop.toml:2:1: net: 3 is not a table of keys"),
        // Wrong type
        ("shop.size = \"20\"", "shop.toml:2:13: shop.size: \"20\" is not an integer"),
        ("shop.size = 20.0", "shop.toml:2:13: shop.size: 20.0 is not an integer"),
        ("shop.size = [1, \"a\"]", "shop.toml:2:13: shop.size: [1, \"a\"] is not an integer"),
        ("[shop.size]\na = 1", "shop.toml:2:1: shop.size: a table is not an integer"),
        ("shop.size = 2026-11-01", "shop.toml:2:13: shop.size: 2026-11-01 is not an integer"),
        ("shop.ratio = \"0.5\"", "shop.toml:2:14: shop.ratio: \"0.5\" is not a number"),
        ("shop.ratio = nan", "shop.toml:2:14: shop.ratio: nan is not a number"),
        ("shop.strict = 1", "shop.toml:2:15: shop.strict: 1 is not true or false"),
        ("shop.mode = \"slow\"", "shop.toml:2:13: shop.mode: \"slow\" is not one of quick, thorough"),
        ("net.gap = 30", "shop.toml:2:11: net.gap: 30 is not a duration such as 500ms, 30s, 2m, 12h, 7d"),
        ("net.gap = \"30\"", "shop.toml:2:11: net.gap: \"30\" is not a duration such as 500ms, 30s, 2m, 12h, 7d"),
        ("net.gap = \"-3s\"", "shop.toml:2:11: net.gap: \"-3s\" is not a duration such as 500ms, 30s, 2m, 12h, 7d"),
        (
            "net.gap = \"999999999999999999d\"",
            "shop.toml:2:11: net.gap: \"999999999999999999d\" is not a duration such as 500ms, 30s, 2m, 12h, 7d"
        ),
        (
            "net.limit = \"3 MB\\n\"",
            #"shop.toml:2:13: net.limit: "3 MB\u000a" is not a size such as 500B, 64KiB, 16MiB, 2GiB"#
        ),
        (
            "net.limit = \"99999999999GiB\"",
            "shop.toml:2:13: net.limit: \"99999999999GiB\" is not a size such as 500B, 64KiB, 16MiB, 2GiB"
        ),
        // Out of range
        ("shop.size = 0", "shop.toml:2:13: shop.size: 0: out of range, which is 1 to 1000"),
        ("net.time_out = \"2m\"", "shop.toml:2:16: net.time_out: 2m: out of range, which is 1s to 1m"),
        // Several keys together, reported where the key was set
        ("shop.size = 600\nshop.mode = \"thorough\"", "shop.toml:2:13: shop.size: too large for thorough mode"),
        // Secrets and tables of free names
        (
            "net.password = \"hunter2\"",
            "shop.toml:2:16: net.password: a secret does not belong here, where others can read it; "
                + "set BREADCRUMB_NET_PASSWORD, or net.password_file to the path of a file that holds it"
        ),
        (
            "net.properties.\"sasl.password\" = \"hunter2\"",
            "shop.toml:2:34: net.properties.sasl.password: a secret does not belong here, where others can read it; "
                + "set BREADCRUMB_NET_PROPERTIES_SASL_PASSWORD, or net.properties.sasl.password_file to the path of a file that holds it"
        ),
        ("net.password_file = \"/none\"", "shop.toml:2:21: net.password_file: /none cannot be read as text"),
        ("net.password_file = 3", "shop.toml:2:21: net.password_file: 3 is not the path of a file"),
        ("net.properties = 3", "shop.toml:2:18: net.properties: 3 is not a table of texts"),
        ("net.properties.a.b = [1]", "shop.toml:2:22: net.properties.a.b: [1] is not a text"),
    ]) func ofAFileAreReportedWithLineAndColumn(content: String, mistake: String) throws {
        let outcome = try Outcome(toml: Self.named + content)
        #expect(outcome.mistakes == [mistake])
    }

    @Test(arguments: [
        ("a = [1", "1:7"), ("a = 1\na = 2", "2:5"), ("a = \"\u{1}\"", "1:6"),
        (String(repeating: "a = [", count: 1) + String(repeating: "[", count: 5000), "1:"),
        ("= 3", "1:1"),
    ]) func ofSyntaxComeWithTheirPlaceAndNoFurtherComplaint(content: String, place: String) throws {
        let mistakes = try Outcome(toml: content).mistakes
        #expect(mistakes.count == 1 && mistakes[0].hasPrefix("shop.toml:\(place)"), "\(mistakes)")
    }

    @Test func aFileThatIsNotThereIsNamed() throws {
        let mistakes = try Outcome(flags: ["--config", "/none/shop.toml"]).mistakes
        #expect(mistakes == ["/none/shop.toml: cannot be read (no such file); --config names the file"])
    }

    @Test(arguments: [
        (["BREADCRUMB_SHOP_SIZE": "x"], "BREADCRUMB_SHOP_SIZE: shop.size: x is not an integer"),
        (["BREADCRUMB_SHOP_SIZE": ""], "BREADCRUMB_SHOP_SIZE: shop.size: \"\" is not an integer"),
        (["BREADCRUMB_SHOP_SIZE": "1001"], "BREADCRUMB_SHOP_SIZE: shop.size: 1001: out of range, which is 1 to 1000"),
        (["BREADCRUMB_SHOP_SIZ": "5"], "BREADCRUMB_SHOP_SIZ: unknown variable; did you mean BREADCRUMB_SHOP_SIZE?"),
        (["BREADCRUMB_ZEBRA": "5"], "BREADCRUMB_ZEBRA: unknown variable"),
        (["BREADCRUMB_NET_PASSWORD": ""], "BREADCRUMB_NET_PASSWORD: net.password: is empty"),
        (
            ["BREADCRUMB_NET_PASSWORD": "a", "BREADCRUMB_NET_PASSWORD_FILE": "/none"],
            "BREADCRUMB_NET_PASSWORD_FILE: net.password_file: BREADCRUMB_NET_PASSWORD is set as well; keep one of them"
        ),
    ]) func ofTheEnvironmentNameTheVariable(environment: [String: String], mistake: String) throws {
        #expect(try Outcome(toml: Self.named, environment: environment).mistakes == [mistake])
    }

    @Test(arguments: [
        (["--shop-size", "x"], "--shop-size: shop.size: x is not an integer"),
        (["--shop-size=0"], "--shop-size: shop.size: 0: out of range, which is 1 to 1000"),
        (["--shop-size"], "--shop-size: needs a value"),
        (["--shop-size", "1", "--shop-size=2"], "--shop-size: given 2 times; it can be given once"),
        (["--shop-siez", "1"], "--shop-siez: unknown option; did you mean --shop-size?"),
        (["--zebra=3"], "--zebra: unknown option; --help lists what there is"),
        (["stray"], "stray: unexpected argument"),
        (["--net-properties", "a"], "--net-properties: write NAME=VALUE"),
        (
            ["--net-password", "hunter2"],
            "--net-password: net.password: a secret does not belong here, where others can read it; "
                + "set BREADCRUMB_NET_PASSWORD, or net.password_file to the path of a file that holds it"
        ),
    ]) func ofFlagsNameTheFlag(flags: [String], mistake: String) throws {
        #expect(try Outcome(toml: Self.named, flags: flags).mistakes == [mistake])
    }

    @Test func allAreReportedAtOnceAndInOrder() throws {
        let outcome = try Outcome(
            toml: "zebra = 1\n[shop]\nsize = 0\nmode = \"x\"\n",
            environment: ["BREADCRUMB_SHOP_SIZE": "y", "BREADCRUMB_LION": "z"], flags: ["--shop-size", "-1", "--tiger"])
        #expect(
            outcome.mistakes == [
                "shop.toml:1:1: zebra: unknown key",
                "shop.toml:3:8: shop.size: 0: out of range, which is 1 to 1000",
                "shop.toml:4:8: shop.mode: \"x\" is not one of quick, thorough",
                "BREADCRUMB_SHOP_SIZE: shop.size: y is not an integer",
                "BREADCRUMB_LION: unknown variable",
                "--shop-size: shop.size: -1: out of range, which is 1 to 1000",
                "--tiger: unknown option; --help lists what there is",
                "shop.name: missing; set it in the file, BREADCRUMB_SHOP_NAME or --shop-name, for example to corner",
            ])
    }

    @Test func variablesOfOthersAreIgnoredByName() throws {
        let outcome = try Outcome(
            toml: Self.named, environment: ["BREADCRUMB_DATA": "/d", "BREADCRUMB_TEST_X": "1", "HOME": "/h"],
            ignoring: ["BREADCRUMB_DATA", "BREADCRUMB_TEST_"])
        #expect(outcome.mistakes.isEmpty)
    }
}
