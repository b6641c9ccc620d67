import LinearAlgebra

/// Working memory of searches in an `InvertedIndex`, grown to the largest search it has served.
public final class InvertedScratch {
    /// Users who share a pass over the lists.
    static let usersInPass = 64

    let users = UnsafeMutablePointer<SearchUser>.allocate(capacity: usersInPass)
    /// [users, width], in the plain order of coordinates and in that of tiles.
    private(set) var queries = FloatBuffer(count: 0)
    private(set) var turned = FloatBuffer(count: 0)
    /// [users, width]: signed codes.
    private(set) var codes = UnsafeMutablePointer<Int8>.allocate(capacity: 1)
    /// [users, lists rounded up]: scores of centroids.
    private(set) var centroids = FloatBuffer(count: 0)
    /// One block's users.
    let scans = UnsafeMutablePointer<Kernels.ScanUser>.allocate(capacity: usersInPass)

    /// A user who looks into a list.
    struct Probe: BitwiseCopyable {
        let user: Int32
        /// Whether the list is among those that are looked into first.
        let isFirst: Bool
    }

    /// Probes of list l: `probes[starts[l]..<starts[l + 1]]`.
    private(set) var probes = Growing<Probe>()
    private(set) var starts = Growing<Int32>()
    private var chosen = Growing<UInt32>()
    private var chosenEnds = Growing<Int32>()
    private var leastFirst = Growing<Float>()

    /// What is appended to within a pass; behind a pointer, so that it costs no check of exclusive access.
    struct Lists {
        /// Rows of the hits of a user, and their scores.
        var rows = Growing<UnsafePointer<Float>?>()
        var scores = Growing<Float>()
        /// For the k-th largest of something.
        var spare = Growing<Float>()
    }

    let lists = UnsafeMutablePointer<Lists>.allocate(capacity: 1)

    /// Empty memory, for any index.
    public init() {
        users.initialize(repeating: SearchUser(), count: Self.usersInPass)
        // Each its own memory: copies share it.
        for user in 0..<Self.usersInPass { users[user] = SearchUser() }
        scans.initialize(repeating: Kernels.ScanUser(), count: Self.usersInPass)
        lists.initialize(to: Lists())
    }

    deinit {
        users.deinitialize(count: Self.usersInPass)
        users.deallocate()
        lists.deinitialize(count: 1)
        lists.deallocate()
        codes.deallocate()
        scans.deallocate()
    }

    /// Makes room for a partition.
    func fit(_ partition: Partition) {
        let (users, width, stride) = (Self.usersInPass, partition.width, Kernels.padded(partition.lists))
        if queries.count != users * width {
            queries = FloatBuffer(count: users * width)
            turned = FloatBuffer(count: users * width)
            codes.deallocate()
            codes = .allocate(capacity: users * width)
        }
        if centroids.count != users * stride { centroids = FloatBuffer(count: users * stride) }
    }

    /// Chooses each user's lists by the scores of their centroids, the best `first` of the best `count` to be looked into
    /// first; of equal ones all.
    func choose(_ count: Int, first: Int, lists: Int, users: Int) {
        let width = Kernels.padded(lists)
        let work = self.lists
        work.pointee.spare.count = 0
        work.pointee.spare.reserve(Kernels.padded(lists))
        chosen.count = 0
        chosenEnds.count = 0
        leastFirst.count = 0
        starts.count = 0
        starts.append(repeating: 0, count: lists + 1)
        for user in 0..<users {
            let scores = UnsafeBufferPointer(start: centroids.pointer + user * width, count: lists)
            let least =
                count < lists
                ? Kernels.largest(count, of: scores, scratch: work.pointee.spare.base) : -.greatestFiniteMagnitude
            chosen.reserve(lists)
            let found = Kernels.selectAtLeast(
                least, of: scores, into: UnsafeMutableBufferPointer(start: chosen.base + chosen.count, count: lists))
            work.pointee.spare.count = 0
            for place in chosen.count..<chosen.count + found {
                let list = Int(chosen.base[place])
                starts.base[list] += 1
                work.pointee.spare.append(scores[list])
            }
            chosen.count += found
            chosenEnds.append(Int32(chosen.count))
            work.pointee.spare.reserve(Kernels.padded(found))
            leastFirst.append(
                Kernels.largest(
                    min(first, found), of: work.pointee.spare.values,
                    scratch: work.pointee.spare.base + work.pointee.spare.count))
            work.pointee.spare.count = 0
        }
        var sum: Int32 = 0
        for list in 0...lists { (starts.base[list], sum) = (sum, sum + starts.base[list]) }
        probes.count = 0
        probes.reserve(chosen.count)
        var place = 0
        for user in 0..<users {
            while place < chosenEnds.base[user] {
                let list = Int(chosen.base[place])
                let isFirst = centroids.pointer[user * width + list] >= leastFirst.base[user]
                (probes.base + Int(starts.base[list])).initialize(to: Probe(user: Int32(user), isFirst: isFirst))
                starts.base[list] += 1
                place += 1
            }
        }
        // Each start has run to its list's end, where the next list begins.
        for list in stride(from: lists, to: 0, by: -1) { starts.base[list] = starts.base[list - 1] }
        starts.base[0] = 0
        probes.count = chosen.count
    }
}
