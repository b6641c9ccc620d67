import Commerce
import Retrieval
import Streaming

/// The rules of lists read aloud: each rank asks everything anew of all that was chosen before.
struct NaiveComposer {
    typealias Candidate = ListComposer.Candidate

    let rules: ListRules
    let size: Int
    /// Of the share, in hundredths.
    let percent: Int
    let vectors: [ItemID: [Float]]

    func list(_ candidates: ListComposer.Candidates) -> [ListComposer.Slot] {
        var chosen: [Int: (candidate: Candidate, origin: RecommendationList.Origin)] = [:]
        func isIn(_ candidate: Candidate) -> Bool {
            chosen.values.contains { $0.candidate.found.item == candidate.found.item }
        }
        func isWithinCaps(_ candidate: Candidate) -> Bool {
            for cap in rules.caps {
                guard let group = Self.group(candidate, cap) else { continue }
                let fellows = chosen.values.filter { Self.group($0.candidate, cap) == group }
                if fellows.count >= cap.limit { return false }
            }
            return true
        }
        func mayCome(_ candidate: Candidate) -> Bool {
            candidate.found.score >= rules.minimumScore ?? -.infinity && !isIn(candidate) && isWithinCaps(candidate)
        }
        for (index, pin) in rules.pins.enumerated() {
            for candidate in candidates.pinned[index] where !isIn(candidate) {
                chosen[pin.rank] = (candidate, .pinned)
                break
            }
        }
        let kept = explorationRanks
        for rank in stride(from: 1, through: size, by: 1) where chosen[rank] == nil {
            if kept.contains(rank), let new = candidates.exploration.candidates.first(where: mayCome) {
                chosen[rank] = (new, .exploration)
            } else if let next = best(candidates.ordinary.candidates, chosen.values.map(\.candidate), mayCome) {
                chosen[rank] = (next, candidates.origin)
            }
        }
        return chosen.keys.sorted().compactMap { chosen[$0] }.map { .init($0.candidate.found, $0.origin) }
    }

    /// Rank r of F free ones is in the i-th of n equal stretches' middle: the last with 2 n r ≤ (2 i + 1) F.
    private var explorationRanks: [Int] {
        let free = stride(from: 2, through: size, by: 1).filter { rank in !rules.pins.contains { $0.rank == rank } }
        let count = min(size * percent / 100, free.count)
        return stride(from: 0, to: count, by: 1).map { i in
            var place = 0
            while 2 * count * (place + 1) <= (2 * i + 1) * free.count { place += 1 }
            return free[place]
        }
    }

    private func best(_ all: [Candidate], _ chosen: [Candidate], _ mayCome: (Candidate) -> Bool) -> Candidate? {
        let scores = all.filter { $0.found.score >= rules.minimumScore ?? -.infinity }.map(\.relevance)
        guard let low = scores.min(), let high = scores.max() else { return nil }
        func value(_ candidate: Candidate) -> Float {
            let relevance = high == low ? 0 : (candidate.relevance - low) / (high - low)
            let likeness = chosen.map { cosine($0, candidate) }.max() ?? 0
            return (1 - rules.diversity) * relevance - rules.diversity * likeness
        }
        let open = all.filter(mayCome)
        guard rules.diversity > 0 else { return open.first }
        let highest = open.map(value).max()
        return open.first { value($0) == highest }
    }

    private func cosine(_ a: Candidate, _ b: Candidate) -> Float {
        guard let a = vectors[a.found.item], let b = vectors[b.found.item] else { return 0 }
        func dot(_ a: [Float], _ b: [Float]) -> Float { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }
        return dot(a, b) / (dot(a, a) * dot(b, b)).squareRoot()
    }

    private static func group(_ candidate: Candidate, _ cap: ListRules.Cap) -> String? {
        let path = candidate.profile.category
        switch cap.attribute {
        case .brand: return candidate.profile.brand
        case .category: return path.isEmpty ? nil : path.joined(separator: "/")
        case .categoryLevel(let level): return path.isEmpty ? nil : path.prefix(level).joined(separator: "/")
        }
    }

    /// How many of the slots an item's cap counts with it.
    static func fellows(_ candidate: Candidate, _ cap: ListRules.Cap, among others: [Candidate]) -> Int {
        guard let group = group(candidate, cap) else { return 0 }
        return others.filter { Self.group($0, cap) == group }.count
    }
}
