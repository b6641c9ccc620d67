import Datasets

/// The rows of a file that were refused: how many there were, and the first of them.
public struct RefusedRows: Sendable, CustomStringConvertible {
    /// How many are kept to be shown.
    public static let shown = 20

    public let path: String
    public private(set) var count = 0
    /// The first `shown` of them, each with its line, the reason and how it begins.
    public private(set) var first: [RowFault] = []

    /// None yet, of that file.
    init(path: String) { self.path = path }

    mutating func add(_ fault: RowFault) {
        count += 1
        if first.count < Self.shown { first.append(fault) }
    }

    /// A line for the count and one for each that is kept; empty where none was refused.
    public var description: String {
        if count == 0 { return "" }
        let head = "\(path): \(count) \(count == 1 ? "row" : "rows") refused"
        let lines = first.map { "  \($0)" } + (count > first.count ? ["  … and \(count - first.count) more"] : [])
        return ([head + ":"] + lines).map { $0 + "\n" }.joined()
    }
}
