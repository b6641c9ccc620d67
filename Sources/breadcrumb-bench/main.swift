import Application
import Foundation

exit(
    Program(
        name: "breadcrumb-bench",
        abstract:
            "Measures Breadcrumb on this machine: its costs on made-up data that is the same everywhere, the state on a shop's.",
        version: Program.breadcrumb.version,
        commands: [
            StreamCommand.self, RetrievalCommand.self, FilterCommand.self, CatalogueCommand.self, StateCommand.self,
        ]
    ).main())
