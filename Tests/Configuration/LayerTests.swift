import Configuration
import Testing

@Suite struct LayerTests {
    @Test func everyKindIsReadFromAFile() throws {
        let outcome = try Outcome(
            toml: """
                [shop]
                name = "Ünder \\"x\\""
                size = 7
                ratio = 2
                strict = false
                mode = "thorough"
                [net]
                time_out = "1500ms"
                limit = "64KiB"
                gap = "7d"
                [net.properties]
                ssl.ca.location = "/ca"
                "linger.ms" = 5
                enable.idempotence = true
                """)
        #expect(outcome.mistakes == [])
        let shop = outcome.shop
        #expect(
            shop.name == "Ünder \"x\"" && shop.size == 7 && shop.ratio == 2 && !shop.strict && shop.mode == .thorough)
        #expect(shop.timeout == .milliseconds(1500) && shop.limit == .kibibytes(64) && shop.gap == .seconds(7 * 86_400))
        #expect(
            shop.properties.mapValues { $0.reveal() } == [
                "ssl.ca.location": "/ca", "linger.ms": "5", "enable.idempotence": "true",
            ])
    }

    @Test func flagsWinOverVariablesOverTheFileOverDefaults() throws {
        let name = ["--shop-name", "n"]
        let toml = "shop.size = 2\n"
        let environment = ["BREADCRUMB_SHOP_SIZE": "3"]
        for (outcome, size, origin) in [
            (try Outcome(flags: name), 20, "default"),
            (try Outcome(toml: toml, flags: name), 2, "file"),
            (try Outcome(toml: toml, environment: environment, flags: name), 3, "BREADCRUMB_SHOP_SIZE"),
            (try Outcome(toml: toml, environment: environment, flags: name + ["--shop-size=4"]), 4, "--shop-size"),
        ] {
            #expect(outcome.mistakes.isEmpty && outcome.shop.size == size)
            let entry = try #require(outcome.entry("shop.size"))
            #expect(entry.value == String(size))
            if origin == "file" {
                #expect(entry.origin.description.hasSuffix("shop.toml:1:13"))
            } else {
                #expect(entry.origin.description == origin)
            }
        }
    }

    @Test func theVariableMayNameTheFile() throws {
        let folder = try Folder()
        let path = try folder.file("other.toml", "shop.name = \"x\"")
        #expect(try Outcome(environment: ["BREADCRUMB_CONFIG": path]).shop.name == "x")
        #expect(
            try Outcome(toml: "shop.name = \"y\"", environment: ["BREADCRUMB_CONFIG": path], folder: folder).shop.name
                == "y")
    }

    @Test func freeNamesAreMergedByLayer() throws {
        let outcome = try Outcome(
            toml: "shop.name = \"a\"\n[net.properties]\na.b = \"file\"\nc = \"file\"\nd = \"file\"",
            environment: ["BREADCRUMB_NET_PROPERTIES_A_B": "variable", "BREADCRUMB_NET_PROPERTIES_C": "variable"],
            flags: ["--net-properties", "a.b=flag=1", "--net-properties=e=flag"])
        #expect(outcome.mistakes == [])
        #expect(
            outcome.shop.properties.mapValues { $0.reveal() } == [
                "a.b": "flag=1", "c": "variable", "d": "file", "e": "flag",
            ])
        #expect(outcome.entry("net.properties.c")?.origin == .variable("BREADCRUMB_NET_PROPERTIES_C"))
    }

    @Test(arguments: [
        (Duration.zero, "0s"), (.milliseconds(500), "500ms"), (.milliseconds(1500), "1500ms"), (.seconds(90), "90s"),
        (.seconds(120), "2m"), (.seconds(3600), "1h"), (.seconds(86_400 * 7), "7d"),
    ]) func durationsReadAsTheyAreWritten(duration: Duration, text: String) {
        #expect(duration.text == text)
        #expect(Duration(.untyped(text)) == duration)
    }

    @Test(arguments: [
        (0, "0B"), (500, "500B"), (1536, "1536B"), (65_536, "64KiB"), (16 << 20, "16MiB"), (3 << 30, "3GiB"),
    ])
    func sizesReadAsTheyAreWritten(bytes: Int, text: String) {
        #expect(ByteCount(bytes: bytes).text == text)
        #expect(ByteCount(.untyped(text)) == ByteCount(bytes: bytes))
    }
}
