import Configuration

/// A subcommand of the program.
///
/// Its initialiser declares and reads the arguments; it opens, starts and prints nothing, so that the help can be made by
/// running it. `run` does the work.
public protocol Command: SendableMetatype {
    /// The word after the program's name.
    static var name: String { get }
    /// One sentence for the list of commands.
    static var abstract: String { get }

    /// Reads the arguments; what is wrong with them is kept by the reader, and then `run` is not called.
    init(reading arguments: inout ArgumentReader)

    /// Does the work. What is thrown is printed as the program's last line.
    func run() throws -> ExitCode
}

/// How a program ends.
public enum ExitCode: Int32, Sendable {
    case success = 0
    /// The work could not be done, or did not come out as it should.
    case failure = 1
    /// The command line or the configuration is wrong.
    case usage = 2
}
