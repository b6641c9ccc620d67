/// What readers of a report are told of the methods that the house knows by name.
enum MethodGlossary {
    /// The method that a report is about.
    static let own = "sequential"
    /// From the baseline of the published claim to the whole model.
    static let path = ["als", "two-tower", own]

    /// What a method does, in a sentence.
    static func meaning(of name: String) -> String? {
        switch name {
        case "als":
            "Implicit-feedback ALS, tuned; every user folded in from the whole history at each query."
        case "popularity": "The items with the most training events."
        case "recent-popularity": "The items with the most events, older ones counting less and less, up to each query."
        case "item-knn":
            "Items that others had before or after the user's last ones, tuned weights for recency and popularity."
        case "history":
            "What the user had before, then what is popular; only the latter counts, since the history is no candidate."
        case "two-tower":
            "The same item tower and training without order: the user is a running mean of the history; no channels."
        case own: "The sequential two-tower model, one step an event: everything on, as validation chose."
        case "sequential-frozen": "The same model, its items left where training put them."
        case "sequential-dense": "The towers alone: items left where training put them, and no sparse channel."
        default: nil
        }
    }

    /// Whether the method is the whole model with a part of it off: a table of its own compares those.
    static func isVariant(_ name: String) -> Bool { name.hasPrefix(own + "-") }

    /// Class of the colour: the model stands out, and what leads to it.
    static func style(_ name: String, among names: [String]) -> String {
        switch name {
        case own: return "c0"
        case "two-tower": return "c1"
        case "als": return "c2"
        case "item-knn": return "c3"
        default:
            let others = names.filter { !(path + ["item-knn"]).contains($0) }
            let index = others.firstIndex(of: name) ?? 0
            return "c\(4 + index % (ReportStyle.colours - 4))"
        }
    }
}
