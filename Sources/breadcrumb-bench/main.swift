import Application
import Foundation

exit(
    Program(
        name: "breadcrumb-bench", abstract: "Measures Breadcrumb on this machine, on made-up data that is the same everywhere.",
        version: Program.breadcrumb.version, commands: [StreamCommand.self, RetrievalCommand.self]
    ).main())
