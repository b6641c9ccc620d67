import Evaluation
import Foundation

/// The folder that a report is to stand in: one dump a method as it comes, the report itself at the end.
///
/// An older report stays whole until the first method has answered; then it goes, so that a folder never mixes two runs,
/// and one without a `report.json` is of a run that was cut off.
final class ReportFolder {
    private static let report = "report.json"
    private static let page = "report.html"
    private static let dump = ".queries.tsv"

    private let folder: OutputFolder
    private var isCleared = false

    /// Checks the folder before any work is done for it.
    init(path: String) throws(OutputFolder.Fault) {
        folder = try OutputFolder(path: path, option: "--report", content: "a report") {
            $0 == Self.report || $0 == Self.page || $0.hasSuffix(Self.dump)
        }
    }

    /// What the report is called: the folder's own name.
    var name: String { folder.url.lastPathComponent }

    /// Path of the page to look at.
    var page: String { folder.url.appending(path: Self.page).path }

    /// Writes a method's dump.
    func add(_ result: MethodResult, _ log: EvaluationLog) throws {
        let dump = QueryDump(log).text(result.queries)
        try folder.write { url in
            if !isCleared { try clear(url) }
            isCleared = true
            try dump.write(to: url.appending(path: result.name + Self.dump), options: .atomic)
        }
    }

    /// Writes the report, the file that machines read last: where it is, everything is.
    func finish(_ report: Report) throws {
        let (page, json) = (Data(ReportPage(report).html.utf8), try report.json())
        try folder.write { url in
            try page.write(to: url.appending(path: Self.page), options: .atomic)
            try json.write(to: url.appending(path: Self.report), options: .atomic)
        }
    }

    private func clear(_ url: URL) throws {
        let manager = FileManager.default
        try manager.createDirectory(at: url, withIntermediateDirectories: true)
        // The report first: what is left if this is cut off is no whole report either.
        let names = try manager.contentsOfDirectory(atPath: url.path)
        for name in [Self.report, Self.page] + names.filter({ $0.hasSuffix(Self.dump) }) where names.contains(name) {
            try manager.removeItem(at: url.appending(path: name))
        }
    }
}
