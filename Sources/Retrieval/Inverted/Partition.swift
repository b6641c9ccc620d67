import LinearAlgebra

/// How an index divides the space: a list of rows for each centroid, and regions of lists that lie together.
///
/// Lists are searched in the order of what they promise, so that vectors which lie together are found together; which lists
/// are compared at all is chosen by their regions in the same way. With one region all are, with one list there is nothing to choose,
/// and a search is a flat scan.
public final class Partition: Sendable {
    /// Names the centroids and radii of lists and regions, and which belong together: a digest of theirs, in hexadecimal digits.
    public let version: String
    /// Of the lists, one region's after another's.
    let centroids: Centroids
    let regions: Centroids
    /// The first list of each region, and the number of lists.
    private let firstLists: [Int]
    private let regionOfLists: [Int32]
    /// Room for the scores of a search for the list of a vector.
    let scoreRoom: Int

    /// So many of the nearest regions are gone through for the list of a vector.
    private static let nearRegions = 4

    /// - Parameters:
    ///   - centroids: of the lists, at least one of them.
    ///   - regions: the regions' own; one of a single region may stand anywhere.
    ///   - listsOfRegions: how many lists each region has, at least 1; together all.
    init(_ centroids: Centroids, regions: Centroids, listsOfRegions: [Int]) {
        self.centroids = centroids
        self.regions = regions
        firstLists = listsOfRegions.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1) }
        regionOfLists = listsOfRegions.enumerated().flatMap { region, lists in
            [Int32](repeating: Int32(region), count: lists)
        }
        version = Self.digest([centroids, regions].flatMap { $0.values + $0.radii } + listsOfRegions.map(Float.init))
        scoreRoom = Kernels.padded(regions.count) + Kernels.padded(listsOfRegions.max() ?? 0) + 16
    }

    /// Lists in one region.
    convenience init(_ centroids: Centroids) {
        let (dimension, lists) = (centroids.dimension, centroids.count)
        self.init(centroids, regions: .origin(dimension: dimension), listsOfRegions: [lists])
    }

    /// One list, whose centroid is the origin: the partition of a flat scan.
    public static func single(dimension: Int) -> Partition { Partition(.origin(dimension: dimension)) }

    /// Lists, at least 1.
    public var lists: Int { centroids.count }
    /// Regions, at least 1.
    public var regionCount: Int { regions.count }
    var dimension: Int { centroids.dimension }
    /// The lists' centroids [lists, dimension].
    package var listCentroids: [Float] { centroids.values }
    /// Floats of a row: `dimension` with zeros up to what the kernels take.
    var width: Int { centroids.width }

    /// The lists of a region, at least one.
    func lists(ofRegion region: Int) -> Range<Int> { firstLists[region]..<firstLists[region + 1] }

    func region(ofList list: Int) -> Int { Int(regionOfLists[list]) }

    /// Names some numbers by 64 bits of their own (FNV-1a; Fowler, Noll, Vo), which tells plans apart and guards nothing.
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

    /// The list of a vector: the one of the nearest centroid in the nearest regions, the first of equally near ones.
    ///
    /// - Parameters:
    ///   - vector: of `width` floats, in the order of coordinates that tiles have.
    ///   - scores: room for `scoreRoom`.
    func list(of vector: UnsafeBufferPointer<Float>, scores: UnsafeMutableBufferPointer<Float>) -> Int {
        if lists == 1 { return 0 }
        let (ofRegions, ofLists) = (
            UnsafeMutableBufferPointer(rebasing: scores[..<Kernels.padded(regions.count)]),
            UnsafeMutableBufferPointer(rebasing: scores[Kernels.padded(regions.count)...])
        )
        // Of so few regions all are gone through.
        let areFew = regions.count <= Self.nearRegions
        var bar = -Float.infinity
        if !areFew {
            regions.compare(vector, tiles: (0..<regions.count).tiles, into: ofRegions)
            bar = Kernels.largest(
                Self.nearRegions, of: UnsafeBufferPointer(rebasing: ofRegions[..<regions.count]))
        }
        var best = 0
        var nearest = -Float.infinity
        for region in 0..<regions.count where areFew || ofRegions[region] >= bar {
            let lists = lists(ofRegion: region)
            let first = lists.tiles.lowerBound * 16
            centroids.compare(vector, tiles: lists.tiles, into: ofLists)
            for list in lists where ofLists[list - first] > nearest { (best, nearest) = (list, ofLists[list - first]) }
        }
        return best
    }

    /// The list of each of vectors [count, dimension], on all cores.
    public func lists(of vectors: Span<Float>) -> [Int32] {
        let count = vectors.count / dimension
        var result = [Int32](repeating: 0, count: count)
        result.withUnsafeMutableBufferPointer { lists in
            // Each piece of the loop writes its own range; the vectors are only read.
            nonisolated(unsafe) let (lists, vectors) = (lists, vectors.withUnsafeBufferPointer { $0 })
            Parallel.ranges(of: count) { _, range in
                let (row, turned) = (FloatBuffer(count: width), FloatBuffer(count: width))
                let scores = FloatBuffer(count: scoreRoom)
                for point in range {
                    for i in 0..<dimension { row.pointer[i] = vectors[point * dimension + i] }
                    Kernels.turn(row.pointer, width: width, into: turned.pointer)
                    lists[point] = Int32(list(of: turned.values, scores: scores.first(scores.count)))
                }
            }
        }
        return result
    }
}
