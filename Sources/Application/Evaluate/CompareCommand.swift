import Configuration
import Evaluation
import Foundation

/// Puts the reports of several shops into one set of tables.
struct CompareCommand: Command {
    static let name = "compare"
    static let abstract =
        "Prints the reports of several shops as tables in Markdown, with mean lifts over the baselines."

    private let paths: [String]

    init(reading arguments: inout ArgumentReader) {
        paths = arguments.remaining("REPORT", "Folders that `evaluate` wrote, or their report.json files.")
        if paths.isEmpty { arguments.refuse("missing; for example reports/*", at: nil, about: "REPORT") }
    }

    func run() throws -> ExitCode {
        let reports = try paths.map { path in
            var isFolder: ObjCBool = false
            let exists = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
            let file =
                exists && isFolder.boolValue ? URL(fileURLWithPath: path).appending(path: "report.json").path : path
            guard let data = FileManager.default.contents(atPath: file) else {
                throw Unreadable(description: "\(file): cannot be read; `breadcrumb evaluate` writes reports")
            }
            return try Report(json: data, file: file)
        }
        print(try ReportComparison(reports).markdown, terminator: "")
        return .success
    }

    private struct Unreadable: Error, CustomStringConvertible {
        let description: String
    }
}
