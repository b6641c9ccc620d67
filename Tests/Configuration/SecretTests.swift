import Configuration
import Testing

@Suite struct SecretTests {
    @Test func isNeverPrinted() {
        let secret = Secret("hunter2")
        var dumped = ""
        dump(secret, to: &dumped)
        dump(["password": secret], to: &dumped)
        dumped += "\(secret) \(String(reflecting: secret)) \([secret]) \(Optional(secret) as Any)"
        #expect(!dumped.contains("hunter2") && dumped.contains("***"))
        #expect(secret.reveal() == "hunter2")
    }

    @Test(arguments: ["variable", "variable for the file", "file", "flag"])
    func comesFromAVariableOrAFile(source: String) throws {
        let folder = try Folder()
        let path = try folder.file("password", "hunter2\n")
        let outcome =
            switch source {
            case "variable": try Outcome(toml: "shop.name = \"a\"", environment: ["BREADCRUMB_NET_PASSWORD": "hunter2"])
            case "variable for the file":
                try Outcome(toml: "shop.name = \"a\"", environment: ["BREADCRUMB_NET_PASSWORD_FILE": path])
            case "file": try Outcome(toml: "shop.name = \"a\"\nnet.password_file = \"\(path)\"")
            default: try Outcome(toml: "shop.name = \"a\"", flags: ["--net-password-file", path])
            }
        #expect(outcome.mistakes == [])
        #expect(outcome.shop.password?.reveal() == "hunter2")
        let entry = try #require(outcome.entry("net.password"))
        #expect(entry.value == "***" && entry.origin != .standard)
    }

    @Test func aTableOfFreeNamesKeepsItsSecrets() throws {
        let folder = try Folder()
        let path = try folder.file("password", "hunter2")
        let outcome = try Outcome(
            toml: "shop.name = \"a\"\n[net.properties]\n\"sasl.password_file\" = \"\(path)\"\n\"sasl.user\" = \"u\"",
            environment: ["BREADCRUMB_NET_PROPERTIES_KEY_PASSWORD": "hunter3"])
        #expect(outcome.mistakes == [])
        #expect(
            outcome.shop.properties.mapValues { $0.reveal() } == [
                "sasl.password": "hunter2", "key.password": "hunter3", "sasl.user": "u",
            ])
        let printed = KeyReport.values(outcome.entries) + KeyReport.documentation(outcome.entries) + "\(outcome)"
        #expect(!printed.contains("hunter") && printed.contains("net.properties.sasl.user = \"u\""))
        #expect(printed.contains("# net.properties.sasl.password = ***"))
    }

    @Test func isNotPrintedInAMistake() throws {
        let folder = try Folder()
        let outcome = try Outcome(
            toml: "net.password = \"hunter2\"\n[net.properties]\na.password = \"hunter2\"",
            environment: [
                "BREADCRUMB_NET_PASSWORD": "hunter2", "BREADCRUMB_NET_PASSWORD_FILE": try folder.file("empty", ""),
            ],
            flags: ["--net-password=hunter2", "--net-properties", "b.password=hunter2", "--net-passwort=hunter2"])
        #expect(outcome.mistakes.count == 7)
        #expect(!outcome.mistakes.joined().contains("hunter"))
        #expect(!KeyReport.values(outcome.entries).contains("hunter"))
    }
}
