import LinearAlgebra

/// Points that stand for the vectors around them: those of the lists of an index, or of the regions that lists lie in.
final class Centroids: Sendable {
    /// At least 1.
    let count: Int
    let dimension: Int
    /// Floats of a row: `dimension` with zeros up to what the kernels take.
    let width: Int
    /// [count, width]
    private let rows: [Float]
    /// The same in the tiles that `Kernels.scoreTiles` takes; rows past `count` in the last are zeros.
    private let tiles: [Float]
    /// The same as 8-bit codes in the tiles that a scan takes, each standing for the centroid's scale · (code - 128), and what says which
    /// rows of a tile are centroids.
    private let codes: [UInt8]
    private let masks: [UInt16]
    /// The length of each centroid, and half its square.
    let lengths: [Float]
    private let halfSquares: [Float]
    /// The root of the mean square distance of each one's vectors from it.
    let radii: [Float]

    /// - Parameters:
    ///   - values: [count, dimension], of at least one.
    ///   - radii: of each.
    init(_ values: [Float], radii: [Float], dimension: Int) {
        self.dimension = dimension
        self.radii = radii
        let (count, width) = (values.count / dimension, Kernels.padded(dimension))
        (self.count, self.width) = (count, width)
        var rows = [Float](repeating: 0, count: count * width)
        var tiles = [Float](repeating: 0, count: Kernels.padded(count) * width)
        for number in 0..<count {
            for i in 0..<dimension {
                let value = values[number * dimension + i]
                rows[number * width + i] = value
                let place = Kernels.tilePosition(of: i, width: width) * Kernels.lanes + number % Kernels.lanes
                tiles[number / Kernels.lanes * width * Kernels.lanes + place] = value
            }
        }
        self.rows = rows
        self.tiles = tiles
        let coded = (0..<count).tiles
        var codes = [UInt8](repeating: 0, count: coded.count * Kernels.tileBytes(width: width))
        let origin = FloatBuffer(count: width)
        codes.withUnsafeMutableBytes { codes in
            rows.withUnsafeBufferPointer { rows in
                guard let codes = codes.baseAddress, let start = rows.baseAddress else { return }
                for number in 0..<count {
                    CodedRow.write(start + number * width, from: origin.values, row: number, into: codes)
                }
            }
        }
        self.codes = codes
        masks = coded.map { tile in UInt16(truncatingIfNeeded: (1 << min(16, count - tile * 16)) - 1) }
        let squares = (0..<count).map { number in
            let row = rows[number * width..<(number + 1) * width]
            return Kernels.dot(row.span, row.span)
        }
        halfSquares = squares.map { 0.5 * $0 }
        lengths = squares.map { $0.squareRoot() }
    }

    /// One, at the origin.
    static func origin(dimension: Int) -> Centroids {
        Centroids([Float](repeating: 0, count: dimension), radii: [0], dimension: dimension)
    }

    /// [count, dimension]
    var values: [Float] { (0..<count).flatMap { number in with(number) { Array($0.prefix(dimension)) } } }

    /// Calls `body` with a centroid, of `width` floats.
    func with<Result>(_ number: Int, _ body: (UnsafeBufferPointer<Float>) -> Result) -> Result {
        rows.withUnsafeBufferPointer { body(UnsafeBufferPointer(rebasing: $0[number * width..<(number + 1) * width])) }
    }

    /// How much better than the centroid the best of some vectors around it may be, for a query of length 1 and a slack of 1.
    ///
    /// The largest of m normal numbers is some √(2 ln m) of their deviations (Gumbel), and the radius stands for the deviation; a
    /// single one may lie above their mean too. Everything is in units of what 256 vectors give.
    func reach(of number: Int, holding count: Int) -> Float {
        guard count > 0 else { return -.infinity }
        let logarithm = Float(Kernels.chordLog2(Double(count)))
        return radii[number] * ((logarithm + 2) / 10).squareRoot()
    }

    /// What the codes of some tiles, 16 centroids each, say of their scores, into the `bounds` of some users of a scan: room for 16 of
    /// each tile.
    ///
    /// Takes a quarter of the time that the scores themselves take, and tells as well which centroids are near.
    ///
    /// - Parameter users: with their queries, starts and steps, and no maxima.
    func estimate(_ tiles: Range<Int>, for users: UnsafeMutablePointer<Kernels.ScanUser>, count: Int) {
        codes.withUnsafeBufferPointer { codes in
            masks.withUnsafeBufferPointer { masks in
                guard let codes = codes.baseAddress, let masks = masks.baseAddress else { return }
                for user in 0..<count {
                    users[user].masks = masks + tiles.lowerBound
                    (users[user].doubt, users[user].base) = (0, 0)
                }
                Kernels.scanBounds(
                    codes + tiles.lowerBound * Kernels.tileBytes(width: width), tiles: tiles.count, width: width,
                    for: users, count: count)
            }
        }
    }

    /// Asks for what `estimate` reads of some tiles.
    func approach(tiles: Range<Int>) {
        codes.withUnsafeBufferPointer { codes in
            guard let start = codes.baseAddress else { return }
            let bytes = Kernels.tileBytes(width: width)
            Kernels.prefetchFar(start + tiles.lowerBound * bytes, bytes: tiles.count * bytes)
        }
    }

    /// The score of a centroid; query: `width` floats.
    func score(of number: Int, _ query: UnsafePointer<Float>) -> Float {
        rows.withUnsafeBufferPointer { rows in
            guard let start = rows.baseAddress else { return 0 }
            return Kernels.dot(start + number * width, query, width: width)
        }
    }

    /// Asks for what `score(of:_:)` reads.
    func approach(_ number: Int) {
        rows.withUnsafeBufferPointer { rows in
            guard let start = rows.baseAddress else { return }
            Kernels.prefetchFar(start + number * width, bytes: width * MemoryLayout<Float>.stride)
        }
    }

    /// By how much each centroid of some tiles is nearer to a vector than the origin is, in halves of squares.
    ///
    /// - Parameters:
    ///   - vector: of `width` floats, in the order of coordinates that tiles have.
    ///   - nearness: room for 16 of each tile; what is past `count` means nothing.
    func compare(
        _ vector: UnsafeBufferPointer<Float>, tiles which: Range<Int>, into nearness: UnsafeMutableBufferPointer<Float>
    ) {
        let first = which.lowerBound * 16
        tiles.withUnsafeBufferPointer {
            Kernels.scoreTiles(
                UnsafeBufferPointer(rebasing: $0[first * width..<which.upperBound * 16 * width]), queries: vector,
                width: width, into: UnsafeMutableBufferPointer(rebasing: nearness[..<(which.count * 16)]),
                stride: which.count * 16)
        }
        for place in 0..<min(count - first, which.count * 16) { nearness[place] -= halfSquares[first + place] }
    }
}

extension Range<Int> {
    /// The tiles of 16 that these numbers stand in.
    var tiles: Range<Int> { lowerBound / 16..<(upperBound + 15) / 16 }
}
