import LinearAlgebra

extension Partition {
    /// Vectors per list that centroids are fitted to at most: more do not move them.
    private static let sample = 64
    /// Larger catalogues have regions where they help: so many lists in each, and so many rows in a list.
    static let mostOfOneRegion = 400_000
    private static let listsOfRegion = 16
    private static let rowsOfList = 180
    /// Rounds of Lloyd's algorithm.
    private static let rounds = 8

    /// Lists for so many items.
    ///
    /// In one region, where all are compared, more of them have fewer rows to scan and more centroids: with 1.2 roots of the count a
    /// search of 100,000 items takes an eighth longer at an equal recall. Where regions are compared first, more lists cost little,
    /// until they hold so few rows that finding them costs more than the rows.
    package static func lists(of count: Int, inRegions: Bool = false) -> Int {
        let lists = inRegions ? Double(count) / Double(rowsOfList) : 1.8 * Double(count).squareRoot()
        return max(16, Int((lists / 16).rounded()) * 16)
    }

    /// Divides the vectors [count, dimension] of so many items as a plan does first.
    ///
    /// - Parameter inRegions: whether lists lie in regions; as the number of items says if nil.
    package static func train(
        _ vectors: Span<Float>, dimension: Int, items: Int, inRegions: Bool? = nil
    ) -> Partition {
        let inRegions = inRegions ?? (items > mostOfOneRegion)
        let lists = lists(of: items, inRegions: inRegions)
        return train(
            vectors, dimension: dimension, lists: lists, regions: inRegions ? max(1, lists / listsOfRegion) : 1)
    }

    /// Of each list the part of the space that its centroid lies in, of so many.
    package func parts(_ count: Int) -> [Int] {
        let values = listCentroids
        return Partition.train(values.span, dimension: dimension, lists: count).lists(of: values.span).map(Int.init)
    }

    /// Divides some vectors by k-means (Lloyd 1982), in arithmetic whose bits do not depend on the processor: equal vectors in
    /// an equal order give equal centroids.
    ///
    /// Of several regions each is divided into its share of the lists, so what this costs grows with the regions and with
    /// the lists of one of them, not with the lists.
    ///
    /// - Parameters:
    ///   - vectors: [count, dimension], at least one.
    ///   - lists: how many to make, at most `count`; about so many of several regions.
    ///   - regions: at most `lists`.
    public static func train(_ vectors: Span<Float>, dimension: Int, lists: Int, regions: Int = 1) -> Partition {
        let lists = max(1, min(lists, vectors.count / dimension))
        let points = some(lists * sample, of: vectors, dimension)
        guard regions > 1 else {
            let means = means(of: points, dimension, count: lists)
            let found = Partition(Centroids(means, radii: [], dimension: dimension)).lists(of: points.span)
            return Partition(Centroids(means, radii: radii(points, of: found, means, dimension), dimension: dimension))
        }
        let outer = means(of: some(regions * sample, of: points.span, dimension), dimension, count: regions)
        let regionOfPoint = Partition(Centroids(outer, radii: [], dimension: dimension)).lists(of: points.span)
        var members = [[Int]](repeating: [], count: regions)
        for (point, region) in regionOfPoint.enumerated() { members[Int(region)].append(point) }
        var (kept, inner, counts): ([Float], [Float], [Int]) = ([], [], [])
        for (region, members) in members.enumerated() where !members.isEmpty {
            let share = Double(lists) * Double(members.count) / Double(regionOfPoint.count)
            let mine = members.flatMap { points[$0 * dimension..<($0 + 1) * dimension] }
            let means = means(of: mine, dimension, count: max(1, Int(share.rounded())))
            kept += outer[region * dimension..<(region + 1) * dimension]
            inner += means
            counts.append(means.count / dimension)
        }
        func partition(_ radii: [Float], _ outerRadii: [Float]) -> Partition {
            Partition(
                Centroids(inner, radii: radii, dimension: dimension),
                regions: Centroids(kept, radii: outerRadii, dimension: dimension), listsOfRegions: counts)
        }
        let unmeasured = partition([], [])
        let found = unmeasured.lists(of: points.span)
        return partition(
            radii(points, of: found, inner, dimension),
            radii(points, of: found.map { Int32(unmeasured.region(ofList: Int($0))) }, kept, dimension))
    }

    /// At most so many of some vectors, evenly.
    private static func some(_ most: Int, of vectors: Span<Float>, _ dimension: Int) -> [Float] {
        let count = vectors.count / dimension
        let used = min(count, most)
        var points = [Float](repeating: 0, count: used * dimension)
        for point in 0..<used {
            let source = point * count / used
            for i in 0..<dimension { points[point * dimension + i] = vectors[source * dimension + i] }
        }
        return points
    }

    /// The means [count, dimension] that some rounds of Lloyd's algorithm find of points [points, dimension]; of fewer points as many.
    private static func means(of points: [Float], _ dimension: Int, count: Int) -> [Float] {
        let used = points.count / dimension
        let count = min(count, used)
        var means = (0..<count).flatMap { number in
            let source = number * used / count
            return points[source * dimension..<(source + 1) * dimension]
        }
        for _ in 0..<rounds {
            let partition = Partition(Centroids(means, radii: [], dimension: dimension))
            means = Self.means(points, of: partition.lists(of: points.span), means, dimension)
        }
        return means
    }

    /// How far the points of each list are from its centroid; a list without points takes the radius of all.
    private static func radii(
        _ points: [Float], of lists: [Int32], _ centroids: [Float], _ dimension: Int
    ) -> [Float] {
        var squares = [Double](repeating: 0, count: centroids.count / dimension)
        var counts = [Int](repeating: 0, count: squares.count)
        for (point, list) in lists.enumerated() {
            counts[Int(list)] += 1
            for i in 0..<dimension {
                let way = Double(points[point * dimension + i]) - Double(centroids[Int(list) * dimension + i])
                squares[Int(list)] += way * way
            }
        }
        let all = (squares.reduce(0, +) / Double(max(1, lists.count))).squareRoot()
        return counts.indices.map { list in
            Float(counts[list] > 0 ? (squares[list] / Double(counts[list])).squareRoot() : all)
        }
    }

    /// The means of the points of each list; a list without points takes half of the largest one's.
    private static func means(
        _ points: [Float], of lists: [Int32], _ centroids: [Float], _ dimension: Int
    ) -> [Float] {
        var sums = [Double](repeating: 0, count: centroids.count)
        var counts = [Int](repeating: 0, count: centroids.count / dimension)
        for (point, list) in lists.enumerated() {
            counts[Int(list)] += 1
            for i in 0..<dimension { sums[Int(list) * dimension + i] += Double(points[point * dimension + i]) }
        }
        var means = centroids
        for list in counts.indices where counts[list] > 0 {
            for i in 0..<dimension {
                means[list * dimension + i] = Float(sums[list * dimension + i] / Double(counts[list]))
            }
        }
        for list in counts.indices where counts[list] == 0 {
            var largest = 0
            for other in counts.indices where counts[other] > counts[largest] { largest = other }
            counts[list] = counts[largest] / 2
            counts[largest] -= counts[list]
            // Two centroids that differ a little: the next round parts their points.
            for i in 0..<dimension {
                let nudge = Float(i % 2 == 0 ? 1 : -1) * 1e-3
                means[list * dimension + i] = means[largest * dimension + i] * (1 + nudge)
                means[largest * dimension + i] *= 1 - nudge
            }
        }
        return means
    }
}
