import CKernels

/// Scores of many items for many users, and what of them is high enough.
extension Kernels {
    /// Where coordinate i of `width` stands in a tile and in the queries that `scoreTiles` takes.
    @inline(__always) public static func tilePosition(of coordinate: Int, width: Int) -> Int {
        bc_tile_position(coordinate, width)
    }

    /// Brings a row of `width` floats, a multiple of 16, into the order of coordinates that tiles have.
    @inline(__always) public static func turn(
        _ row: UnsafePointer<Float>, width: Int, into turned: UnsafeMutablePointer<Float>
    ) {
        bc_turn(turned, row, width)
    }

    /// scores (users, stride) = canonical dot products of queries (users, width) with tiles (tiles, width, 16) of items.
    ///
    /// Coordinate i of a tile's item j stands at [tilePosition(of: i)][j], that of a query at [tilePosition(of: i)]; the
    /// score of item j at [user][j]. `width` is a multiple of 16. Equal to `dot` of the plain rows bit for bit.
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

    /// The ascending places of the values that are at least `least` and, unless that is infinite, less than `below`; returns their
    /// number.
    ///
    /// - Parameters:
    ///   - first: what the first value's place is called.
    ///   - places: room for as many as there are values.
    @inline(__always) public static func select(
        from least: Float, below: Float = .infinity, of values: UnsafeBufferPointer<Float>,
        numberedFrom first: UInt32 = 0,
        into places: UnsafeMutableBufferPointer<UInt32>
    ) -> Int {
        precondition(places.count >= values.count)
        return bc_select(places.baseAddress, values.baseAddress, values.count, least, below, first)
    }

    /// The last place that holds a number, nil if none does. Takes a look at all of them, some dozen at a time: for some hundred.
    public static func last(_ wanted: Int32, in values: UnsafeBufferPointer<Int32>) -> Int? {
        let place = bc_last_equal(values.baseAddress, values.count, wanted)
        return place < 0 ? nil : place
    }
}
