import Commerce

/// A set of items in 4,096 bytes, however many they are: an item that was inserted is always found, and now and then one is
/// found that never was.
///
/// An item sets `probes` = k of the m = 32,768 bits. After n different items one that is not among them is found with
/// probability (1 − (1 − k/m)ⁿ)ᵏ (B. H. Bloom, "Space/time trade-offs in hash coding with allowable errors", Communications of the
/// ACM 13(7), 1970). With k = 4:
///
/// | n | found wrongly |
/// |---:|---:|
/// | 1,000 | 0.02% |
/// | 3,000 | 0.9% |
/// | 10,000 | 25% |
///
/// The bits are a function of the items' bytes alone, so they may be stored. They come from one hash by double hashing, which
/// is as good as k independent ones (A. Kirsch and M. Mitzenmacher, "Less hashing, same performance", ESA 2006).
public struct BloomFilter: Equatable, Sendable {
    /// Bytes of a filter.
    public static let size = 4_096
    /// Bits of an item.
    private static let probes: UInt64 = 4

    /// [size]: bit i is bit i % 8 of byte i / 8.
    public private(set) var bytes: [UInt8]

    /// A set without items.
    public init() { bytes = [UInt8](repeating: 0, count: Self.size) }

    /// The set that had these bytes; nil for another number of them than `size`.
    public init?(bytes: [UInt8]) {
        guard bytes.count == Self.size else { return nil }
        self.bytes = bytes
    }

    /// Adds the item.
    public mutating func insert(_ item: ItemID) {
        for (byte, bit) in Self.bits(of: item) { bytes[byte] |= bit }
    }

    /// False for an item that was not inserted, mostly; true for one that was, always.
    public func contains(_ item: ItemID) -> Bool {
        Self.bits(of: item).allSatisfy { byte, bit in bytes[byte] & bit != 0 }
    }

    /// The item's bits: the lower half of its hash says where to begin, the upper one how far to go each time. Such a step is odd
    /// and the number of bits a power of two, so they are different ones.
    private static func bits(of item: ItemID) -> some Sequence<(byte: Int, bit: UInt8)> {
        let hash = Identifier.hash(item.rawValue)
        let step = hash >> 32 | 1
        return (0..<probes).lazy.map { probe in
            let place = Int(truncatingIfNeeded: (hash &+ probe &* step) % UInt64(8 * size))
            return (place / 8, 1 << UInt8(place % 8))
        }
    }
}
