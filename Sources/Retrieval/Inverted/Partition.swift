import LinearAlgebra

/// How an index divides the space: a list of rows for each centroid.
///
/// Lists are searched in the order of their centroids' scores, so that vectors which lie together are found together. With
/// one list there is nothing to choose, and a search is a flat scan.
public final class Partition: Sendable {
    /// Names the centroids and radii: a digest of theirs, in hexadecimal digits.
    public let version: String
    let dimension: Int
    /// Floats of a row: `dimension` with zeros up to what the kernels take.
    let width: Int
    /// Lists, at least 1.
    public let lists: Int
    /// [lists, width]
    private let rows: [Float]
    /// The same in the tiles that `Kernels.scoreTiles` takes; rows past `lists` in the last are zeros.
    private let tiles: [Float]
    /// The same as 8-bit codes in the tiles that a scan takes, each standing for `step` · (code - 128), and what says which rows of a
    /// tile are centroids.
    private let codes: [UInt8]
    private let step: Float
    private let masks: [UInt16]
    /// The length of each centroid, and half its square.
    let lengths: [Float]
    private let halfSquares: [Float]
    /// The root of the mean square distance of each list's vectors from its centroid.
    let radii: [Float]

    /// - Parameters:
    ///   - centroids: [lists, dimension], of at least one list.
    ///   - radii: of each list.
    init(centroids: [Float], radii: [Float], dimension: Int) {
        self.dimension = dimension
        self.radii = radii
        width = Kernels.padded(dimension)
        lists = centroids.count / dimension
        var rows = [Float](repeating: 0, count: lists * width)
        var tiles = [Float](repeating: 0, count: Kernels.padded(lists) * width)
        for list in 0..<lists {
            for i in 0..<dimension {
                let value = centroids[list * dimension + i]
                rows[list * width + i] = value
                let place = Kernels.tilePosition(of: i, width: width) * Kernels.lanes + list % Kernels.lanes
                tiles[list / Kernels.lanes * width * Kernels.lanes + place] = value
            }
        }
        self.rows = rows
        self.tiles = tiles
        let step = rows.reduce(0) { max($0, $1.magnitude) } / 127
        var codes = [UInt8](repeating: 128, count: tiles.count)
        for place in rows.indices where step > 0 {
            let (list, i) = (place / width, place % width)
            let target = list / 16 * 16 * width + i / 4 * 64 + list % 16 * 4 + i % 4
            codes[target] = UInt8(128 + Int((rows[place] / step).rounded().clamped(to: -127...127)))
        }
        (self.codes, self.step) = (codes, step)
        masks = (0..<tiles.count / (16 * width)).map { tile in
            UInt16(truncatingIfNeeded: (1 << min(16, centroids.count / dimension - tile * 16)) - 1)
        }
        version = Self.digest(rows + radii)
        let (count, width) = (lists, width)
        let squares = (0..<count).map { list in
            let row = rows[list * width..<(list + 1) * width]
            return Kernels.dot(row.span, row.span)
        }
        halfSquares = squares.map { 0.5 * $0 }
        lengths = squares.map { $0.squareRoot() }
    }

    /// One list, whose centroid is the origin: the partition of a flat scan.
    public static func single(dimension: Int) -> Partition {
        Partition(centroids: [Float](repeating: 0, count: dimension), radii: [0], dimension: dimension)
    }

    /// Names some centroids by 64 bits of their own (FNV-1a; Fowler, Noll, Vo), which tells plans apart and guards nothing.
    private static func digest(_ values: [Float]) -> String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for value in values {
            var bits = value.bitPattern
            for _ in 0..<4 {
                hash = (hash ^ UInt64(bits & 0xff)) &* 0x100_0000_01b3
                bits >>= 8
            }
        }
        return String(hash, radix: 16)
    }

    /// How much better than the centroid the best of some vectors of a list may be, for a query of length 1 and a slack of 1.
    ///
    /// The largest of m normal numbers is some √(2 ln m) of their deviations (Gumbel), and the radius stands for the deviation; a
    /// single one may lie above their mean too. Everything is in units of what 256 vectors give.
    func reach(of list: Int, holding count: Int) -> Float {
        guard count > 0 else { return -.infinity }
        let logarithm = Float(Kernels.chordLog2(Double(count)))
        return radii[list] * ((logarithm + 2) / 10).squareRoot()
    }

    /// Calls `body` with the centroid of a list, of `width` floats.
    func withCentroid<Result>(_ list: Int, _ body: (UnsafeBufferPointer<Float>) -> Result) -> Result {
        rows.withUnsafeBufferPointer { body(UnsafeBufferPointer(rebasing: $0[list * width..<(list + 1) * width])) }
    }

    /// What the centroids' codes say of their scores, into the `bounds` of some users of a scan: room for `lists`, rounded up to
    /// `Kernels.lanes`, of each.
    ///
    /// Takes a quarter of the time that the scores themselves take, and tells as well which lists are near.
    ///
    /// - Parameter users: with their queries, starts and steps, and no maxima.
    func estimate(for users: UnsafeMutablePointer<Kernels.ScanUser>, count: Int) {
        codes.withUnsafeBufferPointer { codes in
            masks.withUnsafeBufferPointer { masks in
                guard let start = codes.baseAddress else { return }
                for user in 0..<count {
                    users[user].masks = masks.baseAddress
                    (users[user].step, users[user].base) = (users[user].step * step, 0)
                }
                Kernels.scanBounds(start, tiles: masks.count, width: width, for: users, count: count)
            }
        }
    }

    /// The score of a list's centroid; query: `width` floats.
    func score(of list: Int, _ query: UnsafePointer<Float>) -> Float {
        rows.withUnsafeBufferPointer { rows in
            guard let start = rows.baseAddress else { return 0 }
            return Kernels.dot(start + list * width, query, width: width)
        }
    }

    /// scores (users, stride) of all centroids; queries (users, width) in the order of coordinates that tiles have.
    ///
    /// - Parameter stride: at least `lists`, rounded up to `Kernels.lanes`.
    func score(
        _ queries: UnsafeBufferPointer<Float>, into scores: UnsafeMutableBufferPointer<Float>, stride: Int
    ) {
        tiles.withUnsafeBufferPointer {
            Kernels.scoreTiles($0, queries: queries, width: width, into: scores, stride: stride)
        }
    }

    /// Asks for what `score(of:_:)` reads of a list.
    func approach(_ list: Int) {
        rows.withUnsafeBufferPointer { rows in
            guard let start = rows.baseAddress else { return }
            Kernels.prefetchFar(start + list * width, bytes: width * MemoryLayout<Float>.stride)
        }
    }

    /// The list of a vector: the one of the nearest centroid, the first of equally near ones.
    ///
    /// - Parameters:
    ///   - vector: of `width` floats, in the order of coordinates that tiles have.
    ///   - scores: room for `lists`, rounded up to `Kernels.lanes`.
    func list(
        of vector: UnsafeBufferPointer<Float>, scores: UnsafeMutableBufferPointer<Float>
    ) -> Int {
        if lists == 1 { return 0 }
        score(vector, into: scores, stride: Kernels.padded(lists))
        var best = 0
        var nearest = -Float.infinity
        for list in 0..<lists where scores[list] - halfSquares[list] > nearest {
            (best, nearest) = (list, scores[list] - halfSquares[list])
        }
        return best
    }
}
