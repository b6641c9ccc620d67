import Application
import Configuration
import Testing

/// Runs the program itself, as a shell would.
@Suite struct ProgramTests {
    @Test func theConfigurationInForceIsPrintedWithoutSecrets() throws {
        let run = try run(
            ["config", "--kafka-bootstrap-servers=k:9092", "--lists-size", "7"],
            ["BREADCRUMB_REDIS_PASSWORD": "hunter2", "BREADCRUMB_LOG_FORMAT": "json"])
        #expect(run.status == 0 && run.complaint.isEmpty)
        #expect(run.output.contains(/lists.size = 7 +# --lists-size\n/))
        #expect(run.output.contains(/log.format = "json" +# BREADCRUMB_LOG_FORMAT\n/))
        #expect(run.output.contains(/# redis.password = \*\*\* +# BREADCRUMB_REDIS_PASSWORD\n/))
        #expect(!run.output.contains("hunter2"))
    }

    @Test func theKeysAreListedWhateverIsSet() throws {
        let list = try run(["config", "--keys"], ["BREADCRUMB_NONSENSE": "1"])
        let table = try run(["config", "--markdown"])
        #expect(list.status == 0 && table.status == 0)
        for key in Settings.declaredKeys() {
            #expect(list.output.contains("\n    \(key.variable)  \(key.flag)\n"))
            #expect(table.output.contains("| `\(key.name)` |"))
        }
    }

    @Test(arguments: [
        ([], "Usage: breadcrumb COMMAND"), (["confg"], "confg: unknown command; did you mean config?"),
        (["config", "--lists-size=x"], "--lists-size: lists.size: x is not an integer\n"),
        (["config"], "kafka.bootstrap_servers: missing"),
        (["config", "--kesy"], "--kesy: unknown option; did you mean --keys?"),
    ]) func wrongUseEndsWithCode2(arguments: [String], complaint: String) throws {
        let run = try run(arguments)
        #expect(run.status == 2 && run.output.isEmpty)
        #expect(run.complaint.contains(complaint), "\(run.complaint)")
    }

    @Test func helpAndVersionArePrinted() throws {
        #expect(try run(["--version"]).output.contains(/^breadcrumb \d+\.\d+\.\d+\n$/))
        let help = try run(["--help"])
        #expect(help.status == 0 && help.output.contains(/\n  config +Prints/))
        let command = try run(["config", "--help", "--nonsense"])
        #expect(
            command.status == 0 && command.output.contains("Usage: breadcrumb config [options]")
                && command.complaint.isEmpty)
    }
}
