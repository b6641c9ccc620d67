/// Finds what a person may have meant.
public enum Suggestion {
    /// `; did you mean "x"?` for the nearest of the candidates, or nothing where none is near. Case and separators do not
    /// count, so `timeoutMS` finds `timeout_ms`.
    public static func clause(for written: String, among candidates: some Sequence<String>) -> String {
        nearest(to: written, among: candidates).map { "; did you mean \($0)?" } ?? ""
    }

    static func nearest(to written: String, among candidates: some Sequence<String>) -> String? {
        let wanted = letters(written)
        let best = candidates.map { (name: $0, distance: distance(wanted, letters($0))) }
            .min { ($0.distance, $0.name) < ($1.distance, $1.name) }
        guard let best, best.distance <= (wanted.count < 5 ? 1 : max(2, wanted.count / 4)) else { return nil }
        return best.name
    }

    private static func letters(_ text: String) -> [Character] {
        text.lowercased().filter { !"-_.".contains($0) }
    }

    /// How many insertions, deletions, replacements and swaps of neighbours lead from one to the other (optimal string
    /// alignment), by rows. Overlong input is not compared: it is no slip of the finger.
    private static func distance(_ left: [Character], _ right: [Character]) -> Int {
        guard left.count <= 200 else { return Int.max }
        var (before, above) = ([Int](), Array(0...right.count))
        for (i, a) in left.enumerated() {
            var row = [i + 1]
            for (j, b) in right.enumerated() {
                var best = min(above[j + 1] + 1, row[j] + 1, above[j] + (a == b ? 0 : 1))
                if i > 0, j > 0, a == right[j - 1], left[i - 1] == b { best = min(best, before[j - 1] + 1) }
                row.append(best)
            }
            (before, above) = (above, row)
        }
        return above[right.count]
    }
}
