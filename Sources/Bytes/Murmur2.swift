/// The hash by which Kafka's Java producer spreads keys over partitions (`org.apache.kafka.common.utils.Utils.murmur2`).
///
/// Every producer of a keyed topic must use the same one, or the events of one shopper end in two partitions.
public enum Murmur2 {
    /// The 32-bit hash of `key` with Kafka's seed.
    public static func hash(_ key: [UInt8]) -> UInt32 {
        let mix: UInt32 = 0x5bd1_e995
        let length = key.count
        var hash: UInt32 = 0x9747_b28c ^ UInt32(truncatingIfNeeded: length)
        var index = 0
        while index + 4 <= length {
            var word =
                UInt32(key[index]) | UInt32(key[index + 1]) << 8 | UInt32(key[index + 2]) << 16 | UInt32(key[index + 3])
                << 24
            word = word &* mix
            word ^= word >> 24
            word = word &* mix
            hash = hash &* mix
            hash ^= word
            index += 4
        }
        let tail = length - index
        if tail >= 3 { hash ^= UInt32(key[index + 2]) << 16 }
        if tail >= 2 { hash ^= UInt32(key[index + 1]) << 8 }
        if tail >= 1 {
            hash ^= UInt32(key[index])
            hash = hash &* mix
        }
        hash ^= hash >> 13
        hash = hash &* mix
        hash ^= hash >> 15
        return hash
    }

    /// The partition of `key` in a topic of `partitions` (at least 1): Kafka's `toPositive(murmur2(key)) % partitions`.
    public static func partition(of key: [UInt8], partitions: Int32) -> Int32 {
        guard partitions > 0 else { return 0 }
        return Int32(hash(key) & 0x7fff_ffff) % partitions
    }
}
