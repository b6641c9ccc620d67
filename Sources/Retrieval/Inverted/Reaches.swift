import LinearAlgebra

/// How much better than the centroid the best item of each list and of each region may be, by how many they hold: see
/// `Centroids.reach`. Copies share memory until one changes.
struct Reaches: @unchecked Sendable {  // memory that copies share is never written
    let partition: Partition
    private var counts = Growing<Int32>()
    private var regionCounts = Growing<Int32>()
    /// Of each list, minus infinity for empty ones.
    private(set) var lists = Growing<Float>()
    /// Of each region, likewise.
    private(set) var regions = Growing<Float>()

    /// Of lists that hold nothing.
    init(_ partition: Partition) {
        self.partition = partition
        counts.append(repeating: 0, count: partition.lists)
        lists.append(repeating: -.infinity, count: partition.lists)
        regionCounts.append(repeating: 0, count: partition.regions.count)
        regions.append(repeating: -.infinity, count: partition.regions.count)
    }

    /// Takes in that a list holds so many more.
    mutating func add(_ more: Int, to list: Int) {
        guard more != 0 else { return }
        counts.own()
        lists.own()
        regionCounts.own()
        regions.own()
        let region = partition.region(ofList: list)
        counts.base[list] += Int32(more)
        regionCounts.base[region] += Int32(more)
        lists.base[list] = partition.centroids.reach(of: list, holding: Int(counts.base[list]))
        regions.base[region] = partition.regions.reach(of: region, holding: Int(regionCounts.base[region]))
    }

    /// Takes in how many each list holds.
    mutating func hold(_ held: [Int]) {
        for (list, count) in held.enumerated() { add(count - Int(counts.base[list]), to: list) }
    }
}
