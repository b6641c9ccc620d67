/// The profiles of an index's items, each once, under small numbers that are used again when nobody has a profile any more.
struct ProfileTable: Sendable {
    private(set) var profiles: [ItemAttributes.Profile] = []
    /// Per number, since when it has meant the same.
    private(set) var stamps: [UInt64] = []
    /// Changes whenever a number takes another meaning.
    private(set) var stamp = Stamp.next()
    private var users: [Int32] = []
    private var numbers: [ItemAttributes.Profile: Int32] = [:]
    private var free: [Int32] = []

    /// The number of a profile that one more item has.
    mutating func enter(_ profile: ItemAttributes.Profile) -> Int32 {
        if let number = numbers[profile] {
            users[Int(number)] += 1
            return number
        }
        stamp = Stamp.next()
        let number = free.popLast() ?? Int32(profiles.count)
        if Int(number) == profiles.count {
            profiles.append(profile)
            stamps.append(stamp)
            users.append(1)
        } else {
            profiles[Int(number)] = profile
            stamps[Int(number)] = stamp
            users[Int(number)] = 1
        }
        numbers[profile] = number
        return number
    }

    /// One item fewer has the profile of that number.
    mutating func leave(_ number: Int32) {
        users[Int(number)] -= 1
        guard users[Int(number)] == 0 else { return }
        numbers[profiles[Int(number)]] = nil
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
        ItemTraits(
            profile: enter(attributes.profile), price: attributes.price ?? .nan, inStock: attributes.inStock)
    }

    /// What is held of an item.
    func attributes(_ traits: ItemTraits) -> ItemAttributes {
        ItemAttributes(
            profile: profiles[Int(traits.profile)], price: traits.price.isNaN ? nil : traits.price,
            inStock: traits.inStock
        )
    }
}
