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

    /// The lists that somebody looks into; of the one at place p the probes are `probes[starts[p]..<starts[p + 1]]`.
    private(set) var touched = Growing<UInt32>()
    private(set) var probes = Growing<Probe>()
    private(set) var starts = Growing<Int32>()
    /// Per list its place among the touched ones, -1 between passes.
    private var places = Growing<Int32>()
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

    var filters = FilterCache()
    /// Those of a pass, which their views need alive.
    private var inForce: [CompiledFilter] = []

    /// Empty memory, for any index.
    public init() {
        // Each its own memory: copies share it.
        for user in 0..<Self.usersInPass { (users + user).initialize(to: SearchUser()) }
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

    /// Gives each user of a pass the filter and the number of lists to look into.
    func take(_ wanted: ArraySlice<ItemFilter>, users count: Int, for index: InvertedIndex) {
        inForce.removeAll(keepingCapacity: true)
        for user in 0..<count {
            users[user].filter = nil
            users[user].probes = index.probes[0]
        }
        for (user, filter) in wanted.enumerated() {
            let compiled = filters.compiled(filter, for: index)
            guard compiled.count < index.count else { continue }
            inForce.append(compiled)
            users[user].filter = compiled.view
            users[user].probes = index.probes(passing: compiled.count)
        }
    }

    /// Takes from the choice the lists in which nothing passes a user's filter.
    func dropEmptyLists(stride: Int, users count: Int) {
        var next = 0
        for user in 0..<count where users[user].filter != nil {
            let scores = centroids.pointer + user * stride
            for (list, passing) in inForce[next].inList.enumerated() where passing == 0 { scores[list] = -.infinity }
            next += 1
        }
    }

    /// Chooses each user's lists by the scores of their centroids, the best of `probes`, one in `firstShare` of them to be looked
    /// into first; of equal ones all.
    func choose(firstShare: Int, lists: Int, users: Int) {
        let (width, work) = (Kernels.padded(lists), self.lists)
        if places.count < lists { places.append(repeating: -1, count: lists - places.count) }
        work.pointee.spare.count = 0
        work.pointee.spare.reserve(2 * width)
        (chosen.count, chosenEnds.count, leastFirst.count) = (0, 0, 0)
        (touched.count, starts.count) = (0, 0)
        for user in 0..<users {
            let scores = UnsafeBufferPointer(start: centroids.pointer + user * width, count: lists)
            let spare = work.pointee.spare.base
            let count = self.users[user].probes
            let least =
                count < lists
                ? max(Kernels.largest(count, of: scores, scratch: spare), -.greatestFiniteMagnitude)
                : -.greatestFiniteMagnitude
            chosen.reserve(lists)
            let found = Kernels.selectAtLeast(
                least, of: scores, into: UnsafeMutableBufferPointer(start: chosen.base + chosen.count, count: lists))
            for number in 0..<found {
                let list = Int(chosen.base[chosen.count + number])
                spare[number] = scores[list]
                if places.base[list] < 0 {
                    places.base[list] = Int32(touched.count)
                    touched.append(UInt32(list))
                    starts.append(0)
                }
                starts.base[Int(places.base[list])] += 1
            }
            chosen.count += found
            chosenEnds.append(Int32(chosen.count))
            leastFirst.append(
                found == 0
                    ? .infinity
                    : Kernels.largest(
                        min(max(1, count / firstShare), found), of: UnsafeBufferPointer(start: spare, count: found),
                        scratch: spare + width))
        }
        starts.append(0)
        var sum: Int32 = 0
        for place in 0..<starts.count { (starts.base[place], sum) = (sum, sum + starts.base[place]) }
        probes.count = 0
        probes.reserve(chosen.count)
        var number = 0
        for user in 0..<users {
            while number < chosenEnds.base[user] {
                let list = Int(chosen.base[number])
                let place = Int(places.base[list])
                let isFirst = centroids.pointer[user * width + list] >= leastFirst.base[user]
                (probes.base + Int(starts.base[place])).initialize(to: Probe(user: Int32(user), isFirst: isFirst))
                starts.base[place] += 1
                number += 1
            }
        }
        probes.count = chosen.count
        // Each start has run to its list's end, where the next list begins.
        for place in stride(from: touched.count, to: 0, by: -1) { starts.base[place] = starts.base[place - 1] }
        starts.base[0] = 0
        for place in 0..<touched.count { places.base[Int(touched.base[place])] = -1 }
    }
}
