import Configuration
import Foundation

/// A command-line program: its name and its commands.
public struct Program: Sendable {
    /// As typed in a shell.
    public let name: String
    /// What it is, in one sentence.
    public let abstract: String
    /// `1.2.3`
    public let version: String
    /// In the order of the help.
    public let commands: [any Command.Type]

    /// Describes a program; nothing runs yet.
    public init(name: String, abstract: String, version: String, commands: [any Command.Type]) {
        self.name = name
        self.abstract = abstract
        self.version = version
        self.commands = commands
    }

    /// Runs this process' command line and gives its exit code. Everything that `main.swift` does.
    public func main() -> Int32 {
        // A peer that closes its socket is an error of the write, not the end of the process.
        signal(SIGPIPE, SIG_IGN)
        return run(Array(CommandLine.arguments.dropFirst()), environment: ProcessInfo.processInfo.environment).rawValue
    }

    /// Runs a command: output to standard output, mistakes to standard error.
    public func run(_ arguments: [String], environment: [String: String]) -> ExitCode {
        guard let first = arguments.first else {
            complain(help)
            return .usage
        }
        switch first {
        case "--version":
            print("\(name) \(version)")
            return .success
        case "--help", "-h", "help":
            print(help, terminator: "")
            return .success
        default: break
        }
        guard let command = commands.first(where: { $0.name == first }) else {
            let near = Suggestion.clause(for: first, among: commands.map { $0.name })
            complain("\(name): \(first): unknown command\(near); `\(name) --help` lists them\n")
            return .usage
        }
        return run(command, Array(arguments.dropFirst()), environment)
    }

    private func run<Chosen: Command>(_ command: Chosen.Type, _ arguments: [String], _ environment: [String: String])
        -> ExitCode
    {
        var reader = ArgumentReader(arguments, environment: environment)
        let command = Chosen(reading: &reader)
        if reader.wantsHelp {
            print(reader.help(invocation: "\(name) \(Chosen.name)", abstract: Chosen.abstract), terminator: "")
            return .success
        }
        do {
            try reader.finish()
            return try command.run()
        } catch let mistakes as Mistakes {
            complain("\(mistakes)\n")
            return .usage
        } catch {
            complain("\(name) \(Chosen.name): \(error)\n")
            return .failure
        }
    }

    private var help: String {
        """
        \(abstract)

        Usage: \(name) COMMAND [options]

        Commands:
        \(ArgumentReader.columns(commands.map { ($0.name, $0.abstract) }))
        `\(name) COMMAND --help` shows a command's options.

        """
    }

    private func complain(_ text: String) {
        FileHandle.standardError.write(Data(text.utf8))
    }
}
