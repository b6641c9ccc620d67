import Application
import Configuration
import Evaluation
import Foundation
import Testing

/// README.md and docs/ against the program.
@Suite("What the pages say of the program")
struct DocumentTests {
    /// The text of a page, by its path from the root.
    private func page(_ path: String) throws -> String {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        return try String(contentsOf: root.appending(path: path), encoding: .utf8)
    }

    /// The reports in the folders of docs/evaluation: those of a folder are compared with one another.
    private static let reports: [String: [URL]] = {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "docs/evaluation")
        let paths = (try? FileManager.default.subpathsOfDirectory(atPath: root.path)) ?? []
        return Dictionary(grouping: paths.filter { $0.hasSuffix(".json") }.sorted().map { root.appending(path: $0) }) {
            $0.deletingLastPathComponent().lastPathComponent
        }
    }()

    @Test(
        "docs/evaluation.md shows the tables of the reports in docs/evaluation",
        .enabled(if: !reports.isEmpty, "there are no reports in docs/evaluation"))
    func evaluation() throws {
        let page = try page("docs/evaluation.md")
        for (folder, files) in Self.reports {
            let group = try files.map { try Report(json: Data(contentsOf: $0), file: $0.lastPathComponent) }
            #expect(
                page.contains(try ReportComparison(group).markdown),
                "put what `breadcrumb compare docs/evaluation/\(folder)/*.json` prints in its place")
        }
    }

    @Test("docs/configuration.md lists the keys as they are declared")
    func keys() throws {
        let page = try page("docs/configuration.md")
        let table = page.split(separator: "\n").filter { $0.hasPrefix("|") }.map { $0 + "\n" }.joined()
        #expect(
            table == KeyReport.markdown(Settings.declaredKeys()),
            "put what `breadcrumb config --markdown` prints in its place")
    }

    @Test("README.md names every command but the demo's, and none that is not there")
    func commands() throws {
        let named = Set(try page("README.md").matches(of: /\bbreadcrumb ([a-z]+)/).map { String($0.1) })
        let commands = Set(Program.breadcrumb.commands.map { $0.name })
        // `ops/demo` runs that one.
        #expect(named == commands.subtracting(["demo"]))
    }

    @Test("Every key that README.md names is declared")
    func namedKeys() throws {
        let declared = Settings.declaredKeys().map(\.name)
        let sections = Set(declared.compactMap { $0.split(separator: ".").first.map(String.init) })
        let named = try page("README.md").matches(of: /`([a-z]+)\.([a-z_]+)(?: = [^`]*)?`/)
            .filter { sections.contains(String($0.1)) }
            .map { "\($0.1).\($0.2)" }
        #expect(named.count > 5)
        for key in named { #expect(declared.contains(key)) }
    }

    @Test("The example of docs/rules.md is a configuration, and the keys it names are declared")
    func rules() throws {
        let page = try page("docs/rules.md")
        let example = try #require(page.firstMatch(of: /```toml\n((?:.*\n)*?)```/)?.1)
        let read = try SomeSettings(toml: String(example))
        #expect(read.mistakes == [] && read.settings.rules.pins.count == 2 && !read.settings.listRules.isPlain)
        let declared = Set(Settings.declaredKeys().map(\.name))
        let named = page.matches(of: /`((?:filters|rules)\.[a-z_]+)/).map { String($0.1) }
        #expect(named.count > 10 && declared.isSuperset(of: named), "\(Set(named).subtracting(declared))")
    }
}
