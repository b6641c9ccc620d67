import LinearAlgebra

extension Partition {
    /// Vectors per list that centroids are fitted to at most: more do not move them.
    private static let sample = 64
    /// Rounds of Lloyd's algorithm.
    private static let rounds = 8

    /// Of each list the region that its centroid lies in, of so many.
    package func regions(_ count: Int) -> [Int] {
        let centroids = (0..<lists).flatMap { list in withCentroid(list) { Array($0.prefix(dimension)) } }
        return Partition.train(centroids.span, dimension: dimension, lists: count).lists(of: centroids.span)
            .map(Int.init)
    }

    /// Divides some vectors by k-means (Lloyd 1982), in arithmetic whose bits do not depend on the processor: equal vectors in
    /// an equal order give equal centroids.
    ///
    /// - Parameters:
    ///   - vectors: [count, dimension], at least one.
    ///   - lists: how many to make, at most `count`.
    public static func train(_ vectors: Span<Float>, dimension: Int, lists: Int) -> Partition {
        let count = vectors.count / dimension
        let lists = max(1, min(lists, count))
        let used = min(count, lists * sample)
        var points = [Float](repeating: 0, count: used * dimension)
        for point in 0..<used {
            let source = point * count / used
            for i in 0..<dimension { points[point * dimension + i] = vectors[source * dimension + i] }
        }
        var centroids = [Float](repeating: 0, count: lists * dimension)
        for list in 0..<lists {
            let source = list * used / lists
            for i in 0..<dimension { centroids[list * dimension + i] = points[source * dimension + i] }
        }
        let unknown = [Float](repeating: 0, count: lists)
        for _ in 0..<rounds {
            let partition = Partition(centroids: centroids, radii: unknown, dimension: dimension)
            centroids = means(points, of: partition.lists(of: points.span), centroids, dimension)
        }
        let found = Partition(centroids: centroids, radii: unknown, dimension: dimension).lists(of: points.span)
        return Partition(
            centroids: centroids, radii: radii(points, of: found, centroids, dimension), dimension: dimension)
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

    /// The list of each of vectors [count, dimension], on all cores.
    public func lists(of vectors: Span<Float>) -> [Int32] {
        let count = vectors.count / dimension
        var result = [Int32](repeating: 0, count: count)
        result.withUnsafeMutableBufferPointer { lists in
            // Each piece of the loop writes its own range; the vectors are only read.
            nonisolated(unsafe) let (lists, vectors) = (lists, vectors.withUnsafeBufferPointer { $0 })
            Parallel.ranges(of: count) { _, range in
                let (row, turned) = (FloatBuffer(count: width), FloatBuffer(count: width))
                let scores = FloatBuffer(count: Kernels.padded(self.lists))
                for point in range {
                    for i in 0..<dimension { row.pointer[i] = vectors[point * dimension + i] }
                    Kernels.turn(row.pointer, width: width, into: turned.pointer)
                    lists[point] = Int32(list(of: turned.values, scores: scores.first(scores.count)))
                }
            }
        }
        return result
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
