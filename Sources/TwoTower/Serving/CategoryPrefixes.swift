/// The prefixes of a category path as tokens and thresholds name them.
enum CategoryPrefixes {
    /// Levels of a path that count.
    private static let deepest = 16

    /// `/home`, `/home/kitchen`, … from the top, each with its last level, in lower case.
    static func of(_ category: [String]) -> [(level: String, text: String)] {
        var prefixes: [(level: String, text: String)] = []
        var text = ""
        for level in category.prefix(deepest) {
            let name = level.lowercased()
            text += "/" + name
            prefixes.append((name, text))
        }
        return prefixes
    }
}
