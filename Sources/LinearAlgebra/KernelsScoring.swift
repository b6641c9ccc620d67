import CKernels

/// Scores of many items for many users, and what of them is high enough.
extension Kernels {
    /// Writes row (width) as item `index` of tiles (tiles, width, 16): coordinate i of item j of a tile stands at [i][j].
    public static func setTileItem(
        _ tiles: UnsafeMutableBufferPointer<Float>, width: Int, index: Int, to row: Span<Float>
    ) {
        precondition(row.count <= width && index >= 0 && (index / lanes + 1) * width * lanes <= tiles.count)
        let first = index / lanes * width * lanes + index % lanes
        for i in 0..<width { tiles[first + i * lanes] = i < row.count ? row[i] : 0 }
    }

    /// scores (users, stride) = canonical dot products of queries (users, width) with tiles (tiles, width, 16) of items.
    ///
    /// Item j of a user stands at [user][j], for as many tiles as given. `width` is a multiple of 16; equal to `dot` of
    /// the two rows bit for bit.
    public static func scoreTiles(
        _ tiles: UnsafeBufferPointer<Float>, queries: UnsafeBufferPointer<Float>, width: Int,
        into scores: UnsafeMutableBufferPointer<Float>, stride: Int
    ) {
        let users = queries.count / width
        let count = tiles.count / (width * lanes)
        precondition(width % lanes == 0 && queries.count == users * width && tiles.count == count * width * lanes)
        precondition(stride >= count * lanes && scores.count >= users * stride)
        bc_score_tiles(scores.baseAddress, stride, queries.baseAddress, users, tiles.baseAddress, count, width)
    }

    /// The ascending indices of scores that are at least `threshold`, written to `indices`; returns their number.
    public static func selectAtLeast(
        _ threshold: Float, of scores: UnsafeBufferPointer<Float>, into indices: UnsafeMutableBufferPointer<UInt32>
    ) -> Int {
        precondition(indices.count >= scores.count)
        return bc_select_at_least(indices.baseAddress, scores.baseAddress, scores.count, threshold)
    }
}
