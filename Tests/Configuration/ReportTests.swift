import Configuration
import Testing

@Suite struct ReportTests {
    @Test func theValuesInForceCanBeUsedAsAFile() throws {
        let first = try Outcome(
            toml: "shop.name = \"a # \\\"b\\\"\\n\"", environment: ["BREADCRUMB_NET_GAP": "90s"],
            flags: ["--net-limit=2GiB", "--net-properties", "a.b=c d"])
        #expect(first.mistakes == [])
        let printed = KeyReport.values(first.entries)
        #expect(printed.contains(#"shop.name = "a # \"b\"\u000a""#))
        #expect(printed.contains("# BREADCRUMB_NET_GAP\n"))
        #expect(printed.contains("# net.password "))
        let second = try Outcome(toml: printed)
        #expect(second.mistakes == [])
        #expect(second.entries.map(\.name) == first.entries.map(\.name))
        #expect(second.entries.map(\.value) == first.entries.map(\.value))
    }

    @Test func everyKeyIsDocumented() throws {
        let entries = try Outcome().entries
        let text = KeyReport.documentation(entries)
        #expect(
            text.contains(
                """
                shop.size
                    Size.
                    an integer (items): 1 to 1000; default 20
                    BREADCRUMB_SHOP_SIZE  --shop-size

                """))
        #expect(text.contains("BREADCRUMB_NET_PROPERTIES_NAME  --net-properties NAME=VALUE"))
        let table = KeyReport.markdown(entries)
        #expect(table.contains("| `shop.mode` | `quick` | one of quick, thorough | Mode. |\n"))
        #expect(table.split(separator: "\n").count == entries.count + 2)
    }
}
