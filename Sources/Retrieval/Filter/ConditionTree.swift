import Commerce

/// A bit for each row of a block.
typealias RowMask = SIMD4<UInt64>

/// A condition made ready for blocks of rows: what asks only for profiles is answered once for each profile.
///
/// It remembers the answers for one index at a time, and is used by one thread at a time.
indirect enum ConditionTree {
    case inStock
    case price(ClosedRange<Float>)
    case items(HashedItems)
    case new
    case profile(ProfileAnswers)
    case not(ConditionTree)
    case any([ConditionTree])
    case all([ConditionTree])

    init(_ condition: ItemCondition) {
        if condition.isOfProfile {
            self = .profile(ProfileAnswers(condition))
            return
        }
        switch condition {
        case .inStock: self = .inStock
        case .price(let range): self = .price(range)
        case .items(let items): self = .items(HashedItems(items))
        case .new: self = .new
        case .not(let condition): self = .not(ConditionTree(condition))
        case .any(let conditions): self = .any(conditions.map(ConditionTree.init))
        case .all(let conditions): self = .all(conditions.map(ConditionTree.init))
        case .category, .brand, .market: self = .profile(ProfileAnswers(condition))
        }
    }

    /// The rows of a block that fulfil the condition.
    func mask(of block: CodeBlock.View, _ profiles: ProfileTable) -> RowMask {
        switch self {
        case .inStock: rows(of: block) { block.traits[$0].inStock }
        case .price(let range): rows(of: block) { range.contains(block.traits[$0].price) }
        case .items(let items): rows(of: block) { items.contains(hash: block.names[$0].key.hash, block.names[$0].item) }
        case .new: rows(of: block) { block.names[$0].key.number < 0 }
        case .profile(let answers):
            answers.with(profiles) { answers in
                rows(of: block) { answers[Int(block.traits[$0].profile)] }
            }
        case .not(let tree): rows(of: block) { _ in true } & ~tree.mask(of: block, profiles)
        case .any(let trees): trees.reduce(RowMask()) { $0 | $1.mask(of: block, profiles) }
        case .all(let trees): trees.reduce(rows(of: block) { _ in true }) { $0 & $1.mask(of: block, profiles) }
        }
    }

    @inline(__always) private func rows(of block: CodeBlock.View, where passes: (Int) -> Bool) -> RowMask {
        var mask = RowMask()
        for word in 0..<(block.count + 63) / 64 {
            var bits: UInt64 = 0
            for bit in 0..<min(64, block.count - 64 * word) where passes(64 * word + bit) { bits |= 1 << UInt64(bit) }
            mask[word] = bits
        }
        return mask
    }
}

extension ItemCondition {
    /// Whether an item's profile decides.
    fileprivate var isOfProfile: Bool {
        switch self {
        case .category, .brand, .market: true
        case .inStock, .price, .items, .new: false
        case .not(let condition): condition.isOfProfile
        case .any(let conditions), .all(let conditions): !conditions.isEmpty && conditions.allSatisfy(\.isOfProfile)
        }
    }
}

/// Which profiles fulfil a condition.
final class ProfileAnswers {
    private let condition: ItemCondition
    private var answers: [Bool] = []
    /// Per number, since when it has meant what was answered.
    private var since: [UInt64] = []
    /// Of the table and of its parts, when they were answered.
    private var stamp: UInt64 = 0
    private var stamps: [UInt64] = []

    /// - Parameter condition: of profiles alone.
    init(_ condition: ItemCondition) { self.condition = condition }

    /// Calls `body` with an answer for each number of the table.
    func with<Result>(_ table: ProfileTable, _ body: (UnsafeBufferPointer<Bool>) -> Result) -> Result {
        if stamp != table.stamp {
            stamp = table.stamp
            for place in table.stamps.indices where place >= stamps.count || stamps[place] != table.stamps[place] {
                for number in table.numbers(ofStamp: place) { answer(number, table.meanings[number]) }
                if place < stamps.count {
                    stamps[place] = table.stamps[place]
                } else {
                    stamps.append(table.stamps[place])
                }
            }
        }
        return answers.withUnsafeBufferPointer(body)
    }

    private func answer(_ number: Int, _ meaning: ProfileTable.Meaning) {
        if number < since.count, since[number] == meaning.stamp { return }
        let answer = condition.holds(for: ItemID(""), ItemAttributes(profile: meaning.profile), isNew: false)
        if number < answers.count {
            (answers[number], since[number]) = (answer, meaning.stamp)
        } else {
            answers.append(answer)
            since.append(meaning.stamp)
        }
    }
}
