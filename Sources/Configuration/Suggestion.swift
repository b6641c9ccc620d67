/// Finds what a person may have meant.
enum Suggestion {
    /// `; did you mean "x"?` for the nearest of the candidates, or nothing where none is near. Case and separators do not
    /// count, so `timeoutMS` finds `timeout_ms`.
    static func clause(for written: String, among candidates: some Sequence<String>) -> String {
        nearest(to: written, among: candidates).map { "; did you mean \($0)?" } ?? ""
    }

    static func nearest(to written: String, among candidates: some Sequence<String>) -> String? {
        let wanted = letters(written)
        let best = candidates.map { (name: $0, distance: distance(wanted, letters($0))) }
            .min { ($0.distance, $0.name) < ($1.distance, $1.name) }
        guard let best, best.distance <= max(1, wanted.count / 4) else { return nil }
        return best.name
    }

    private static func letters(_ text: String) -> [Character] {
        text.lowercased().filter { !"-_.".contains($0) }
    }

    /// Levenshtein's distance, by rows. Overlong input is not compared: it is no slip of the finger.
    private static func distance(_ left: [Character], _ right: [Character]) -> Int {
        guard left.count <= 200 else { return Int.max }
        var row = Array(0...right.count)
        for (i, a) in left.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for (j, b) in right.enumerated() {
                let above = row[j + 1]
                row[j + 1] = min(above + 1, row[j] + 1, diagonal + (a == b ? 0 : 1))
                diagonal = above
            }
        }
        return row[right.count]
    }
}
