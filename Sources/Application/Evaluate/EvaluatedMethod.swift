import Configuration
import Evaluation

/// A method that `evaluate` can be asked for, by name.
public enum EvaluatedMethod: Hashable, Sendable {
    /// One that needs no towers.
    case baseline(Baseline)
    /// A way to use trained towers.
    case tower(TowerMethod)

    /// All there are, in the order of the tables.
    public static let all: [EvaluatedMethod] =
        Baseline.allCases.map { .baseline($0) } + TowerMethod.allCases.map { .tower($0) }

    /// Also the name of its dump.
    public var name: String {
        switch self {
        case .baseline(let baseline): baseline.rawValue
        case .tower(let tower): tower.rawValue
        }
    }

    /// Reads names between commas: `als,item-knn`.
    /// - Throws: `ListFault` for a name that is not known or stands there twice.
    static func list(_ text: String) throws(ListFault) -> [EvaluatedMethod] {
        let names = text.split(separator: ",", omittingEmptySubsequences: false).map { word in
            String(word.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
        }
        var methods: [EvaluatedMethod] = []
        for name in names {
            guard let method = all.first(where: { $0.name == name }) else {
                let known = all.map(\.name)
                throw ListFault(
                    description: "\(name.isEmpty ? "an empty name" : name): unknown method"
                        + Suggestion.clause(for: name, among: known) + "; there are \(known.joined(separator: ", "))")
            }
            guard !methods.contains(method) else {
                throw ListFault(description: "\(name) stands there twice")
            }
            methods.append(method)
        }
        return methods
    }

    /// What is wrong with a list of methods.
    struct ListFault: Error {
        let description: String
    }
}
