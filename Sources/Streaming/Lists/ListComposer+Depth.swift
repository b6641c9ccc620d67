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

    /// New items that are enough for most lists: few of them stand among the ordinary ones too.
    package var explorationDepth: Int {
        explorationRanks.isEmpty ? 0 : (explorationRanks.count + rules.pins.count) * choices
    }

    /// Makes a list, and makes it again of more candidates while it is short, or lacks new items, and there may be more.
    ///
    /// - Parameters:
    ///   - candidates: the ordinary ones as far as `depth`, the new ones as far as `explorationDepth`.
    ///   - vector: as in `compose(_:vector:)`.
    ///   - deeper: the candidates for a purpose, ordinary or exploration, as far as a depth.
    package func compose<Failure: Error>(
        _ candidates: Candidates, vector: (ItemID) -> [Float]?,
        deeper: (ListFilters.Purpose, Int) throws(Failure) -> [Candidate]
    ) throws(Failure) -> [Slot] {
        let most = size * Self.mostChoice
        var (candidates, depth, explorationDepth) = (candidates, depth, explorationDepth)
        while true {
            let list = compose(candidates, vector: vector)
            let (wantsMore, wantsMoreNew) = (
                list.wantsMore && depth < most, list.wantsMoreNew && explorationDepth < most
            )
            guard wantsMore || wantsMoreNew else { return list.slots }
            if wantsMore {
                depth *= Self.choice
                candidates.ordinary = .init(try deeper(.ordinary, depth), ofFirst: depth)
            }
            if wantsMoreNew {
                explorationDepth *= Self.choice
                candidates.exploration = .init(try deeper(.exploration, explorationDepth), ofFirst: explorationDepth)
            }
        }
    }
}
