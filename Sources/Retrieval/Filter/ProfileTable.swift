import Commerce

/// The profiles of an index's items, each once, under small numbers that are used again when nobody has a profile any more.
///
/// Copies share what does not change: a change costs the same however many profiles there are.
struct ProfileTable: Sendable {
    /// What a number means, and since when.
    struct Meaning {
        let profile: ItemAttributes.Profile
        let stamp: UInt64
    }

    private static let shift = 6
    private(set) var meanings = Paged<Meaning>(shift: shift)
    /// Of each 64 numbers: changes whenever one of them takes another meaning.
    private(set) var stamps: [UInt64] = []
    /// Changes whenever a number takes another meaning.
    private(set) var stamp = Stamp.next()
    private var users = Paged<Int32>(shift: 10)
    private var numbers = ShardedMap<ItemAttributes.Profile, Int32>()
    private var free: [Int32] = []

    /// The numbers to which a place of `stamps` belongs.
    func numbers(ofStamp place: Int) -> Range<Int> {
        place << Self.shift..<min((place + 1) << Self.shift, meanings.count)
    }

    /// The number of a profile that one more item has.
    mutating func enter(_ profile: ItemAttributes.Profile) -> Int32 {
        if let number = numbers[profile] {
            users[Int(number)] += 1
            return number
        }
        stamp = Stamp.next()
        let number = free.popLast() ?? Int32(meanings.count)
        let meaning = Meaning(profile: profile, stamp: stamp)
        if Int(number) == meanings.count {
            meanings.append(meaning)
            users.append(1)
        } else {
            meanings[Int(number)] = meaning
            users[Int(number)] = 1
        }
        let place = Int(number) >> Self.shift
        if place == stamps.count { stamps.append(stamp) } else { stamps[place] = stamp }
        numbers[profile] = number
        return number
    }

    /// One item fewer has the profile of that number.
    mutating func leave(_ number: Int32) {
        users[Int(number)] -= 1
        guard users[Int(number)] == 0 else { return }
        numbers[meanings[Int(number)].profile] = nil
        free.append(number)
    }
}

/// An item's attributes as a row of an index holds them.
struct ItemTraits: BitwiseCopyable, Equatable {
    /// In the index's `ProfileTable`.
    var profile: Int32
    /// NaN without a price.
    var price: Float
    var inStock: Bool

    static func == (left: ItemTraits, right: ItemTraits) -> Bool {
        left.profile == right.profile && left.price.bitPattern == right.price.bitPattern
            && left.inStock == right.inStock
    }
}

extension ProfileTable {
    /// What to hold of an item that enters.
    mutating func enter(_ attributes: ItemAttributes) -> ItemTraits {
        traits(attributes, profile: enter(attributes.profile))
    }

    /// What to hold of an item whose attributes change.
    mutating func change(_ old: ItemTraits, to attributes: ItemAttributes) -> ItemTraits {
        guard meanings[Int(old.profile)].profile != attributes.profile else {
            return traits(attributes, profile: old.profile)
        }
        // Entered before the old one leaves: another profile is another number, so that a changed row shows.
        let new = enter(attributes)
        leave(old.profile)
        return new
    }

    private func traits(_ attributes: ItemAttributes, profile: Int32) -> ItemTraits {
        ItemTraits(profile: profile, price: attributes.price ?? .nan, inStock: attributes.inStock)
    }

    /// What is held of an item.
    func attributes(_ traits: ItemTraits) -> ItemAttributes {
        ItemAttributes(
            profile: meanings[Int(traits.profile)].profile, price: traits.price.isNaN ? nil : traits.price,
            inStock: traits.inStock)
    }
}
