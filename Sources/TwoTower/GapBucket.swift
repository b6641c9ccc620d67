/// The time since a shopper's previous event on a logarithmic scale, as the row of an embedding.
///
/// Bucket 0 is the first event. The others are powers of two of 30 minutes / 1024, so that one boundary lies exactly at
/// 30 minutes, the usual end of a shop visit. Integer arithmetic alone: equal on every processor.
package enum GapBucket {
    /// Number of buckets: the first event, then up to 30 minutes · 2^15 (almost two years) and beyond.
    package static let count = 28

    /// The bucket of a gap in milliseconds: nil is a shopper's first event; a negative gap counts as 0.
    package static func of(milliseconds: Int64?) -> Int {
        guard let milliseconds else { return 0 }
        let bounded = min(max(milliseconds, 0), 1 << 44)
        let units = bounded * 1024 / 1_800_000
        return min(1 + (Int64.bitWidth - units.leadingZeroBitCount), count - 1)
    }
}

/// Whether an event begins a visit to the shop, as the row of an embedding.
///
/// A visit begins with a shopper's first event, after a silence of more than 30 minutes, or where the shop says so by another
/// session id than the one it gave before.
package enum Visit {
    /// Number of rows: 0 within a visit, 1 at its beginning.
    package static let count = 2
    /// In milliseconds.
    private static let longestSilence: Int64 = 1_800_000

    /// Whether an event's session is another than the last one that the shopper's events bore; nil stands for none.
    package static func changes(from last: UInt64?, to session: UInt64?) -> Bool {
        guard let last, let session else { return false }
        return session != last
    }

    /// The row of an event by its gap in milliseconds (nil: the first event) and by whether its session id is another one.
    package static func row(gap: Int64?, changesSession: Bool) -> Int {
        guard let gap, !changesSession else { return 1 }
        return gap > longestSilence ? 1 : 0
    }
}
