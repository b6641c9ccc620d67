import Commerce

/// How many candidates lists are made of.
extension ListComposer {
    /// Candidates for a slot where rules pass some of them over; where that is not enough, more are looked for.
    private static let choice = 4
    /// So many candidates for a slot are looked at at most: caps that a catalogue cannot fill would have all of it ranked.
    private static let mostChoice = 256

    private var choices: Int { !rules.caps.isEmpty || rules.diversity > 0 ? Self.choice : 1 }

    /// Ordinary candidates that are enough for most lists.
    var depth: Int { (size + rules.pins.count + explorationRanks.count) * choices }

    /// New items that are looked at.
    var explorationDepth: Int {
        explorationRanks.isEmpty ? 0 : (explorationRanks.count + rules.pins.count) * choices
    }

    /// Makes a list, and makes it again of more ordinary candidates while it is short and there may be more.
    ///
    /// - Parameters:
    ///   - candidates: the ordinary ones as far as `depth`.
    ///   - vector: as in `compose(_:vector:)`.
    ///   - deeper: the ordinary candidates as far as a depth.
    func compose<Failure: Error>(
        _ candidates: Candidates, vector: (ItemID) -> [Float]?, deeper: (Int) throws(Failure) -> [Candidate]
    ) throws(Failure) -> [Slot] {
        var (candidates, depth) = (candidates, depth)
        var list = compose(candidates, vector: vector)
        while list.wantsMore, depth < size * Self.mostChoice {
            depth *= Self.choice
            candidates.ordinary = try deeper(depth)
            candidates.isCut = candidates.ordinary.count == depth
            list = compose(candidates, vector: vector)
        }
        return list.slots
    }
}
