import Testing

/// A breach of a rule of the house, told so that it can be mended at once.
struct Finding: CustomStringConvertible {
    /// Path from the root.
    let path: String
    /// First is 1.
    let line: Int
    /// What is wrong.
    let problem: String
    /// What to do instead.
    let remedy: String

    /// - Parameter index: of the line; first is 0.
    init(_ file: ProjectFile, at index: Int, _ problem: String, remedy: String) {
        path = file.path
        line = index + 1
        self.problem = problem
        self.remedy = remedy
    }

    var description: String { "\(path):\(line): \(problem): \(remedy)" }

    /// Records one issue per finding.
    static func report(_ findings: [Finding]) {
        for finding in findings { Issue.record("\(finding)") }
    }
}
