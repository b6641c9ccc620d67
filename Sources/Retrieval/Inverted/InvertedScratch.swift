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
    /// [users, lists rounded up]: scores of centroids, and what the lists promise.
    private(set) var centroids = FloatBuffer(count: 0)
    private(set) var promises = FloatBuffer(count: 0)
    /// One block's users.
    let scans = UnsafeMutablePointer<Kernels.ScanUser>.allocate(capacity: usersInPass)

    /// The lists that somebody looks into; of the one at place p the users are `lookers[starts[p]..<starts[p + 1]]`.
    private(set) var touched = Growing<UInt32>()
    private(set) var lookers = Growing<Int32>()
    private(set) var starts = Growing<Int32>()
    /// Per list its place among the touched ones, -1 between passes.
    private var places = Growing<Int32>()
    private var chosen = Growing<UInt32>()
    private var chosenEnds = Growing<Int32>()
    /// Lists that users have looked into since the memory was made.
    public internal(set) var looks = 0

    /// What is appended to within a pass; behind a pointer, so that it costs no check of exclusive access.
    struct Lists {
        /// Rows of the hits of a user, and their scores.
        var rows = Growing<UnsafePointer<Float>?>()
        var scores = Growing<Float>()
        /// For the k-th largest of something.
        var spare = Growing<Float>()
    }

    let lists = UnsafeMutablePointer<Lists>.allocate(capacity: 1)

    /// What the items of each list may reach, of the index of that stamp.
    private var reaches: [Float] = []
    private var stamp: UInt64 = 0
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
        if centroids.count != users * stride {
            centroids = FloatBuffer(count: users * stride)
            promises = FloatBuffer(count: users * stride)
        }
    }

    /// Gives each user of a pass the filter.
    func take(_ wanted: ArraySlice<ItemFilter>, users count: Int, for index: InvertedIndex) {
        inForce.removeAll(keepingCapacity: true)
        for user in 0..<count { users[user].filter = nil }
        for (user, filter) in wanted.enumerated() {
            let compiled = filters.compiled(filter, for: index)
            guard compiled.count < index.count else { continue }
            inForce.append(compiled)
            users[user].filter = compiled.view
        }
    }

    /// Works out what each list promises each user of a pass: the score of its centroid, and what the items in it that pass the
    /// user's filter may reach beyond.
    func promise(_ index: InvertedIndex, users count: Int) {
        let (lists, stride) = (index.partition.lists, Kernels.padded(index.partition.lists))
        if stamp != index.stamp {
            stamp = index.stamp
            reaches = (0..<lists).map { index.partition.reach(of: $0, holding: index.count(ofList: $0)) }
        }
        let slack = index.isExhaustive ? 0 : index.slack
        var next = 0
        for user in 0..<count {
            let (scores, target) = (centroids.pointer + user * stride, promises.pointer + user * stride)
            let way = slack * users[user].length
            func promise(_ reaches: [Float]) {
                reaches.withUnsafeBufferPointer { reaches in
                    for list in 0..<lists {
                        target[list] =
                            reaches[list] == -.infinity ? -.infinity : scores[list] + way * reaches[list]
                    }
                }
            }
            if users[user].filter == nil {
                promise(reaches)
            } else {
                promise(inForce[next].reaches)
                next += 1
            }
        }
    }

    /// Wants the best `count` lists of a user; of equal ones all.
    func want(_ count: Int, of lists: Int, user: Int) {
        let promises = UnsafeBufferPointer(start: promises.pointer + user * Kernels.padded(lists), count: lists)
        self.lists.pointee.spare.count = 0
        self.lists.pointee.spare.reserve(Kernels.padded(lists))
        users[user].wanted =
            count < lists
            ? Kernels.largest(count, of: promises, scratch: self.lists.pointee.spare.base) : -.infinity
    }

    /// Gathers the lists that users want, with the users of each.
    func gather(lists: Int, users: Int) {
        let width = Kernels.padded(lists)
        if places.count < lists { places.append(repeating: -1, count: lists - places.count) }
        (chosen.count, chosenEnds.count, touched.count, starts.count) = (0, 0, 0, 0)
        for user in 0..<users {
            let (wanted, looked) = (self.users[user].wanted, self.users[user].looked)
            if wanted < looked {
                self.users[user].looked = wanted
                take(lists, UnsafeBufferPointer(start: promises.pointer + user * width, count: lists), wanted, looked)
            }
            chosenEnds.append(Int32(chosen.count))
        }
        starts.append(0)
        var sum: Int32 = 0
        for place in 0..<starts.count { (starts.base[place], sum) = (sum, sum + starts.base[place]) }
        lookers.count = 0
        lookers.reserve(chosen.count)
        var number = 0
        for user in 0..<users {
            while number < chosenEnds.base[user] {
                let place = Int(places.base[Int(chosen.base[number])])
                (lookers.base + Int(starts.base[place])).initialize(to: Int32(user))
                starts.base[place] += 1
                number += 1
            }
        }
        lookers.count = chosen.count
        looks += chosen.count
        // Each start has run to its list's end, where the next list begins.
        for place in stride(from: touched.count, to: 0, by: -1) { starts.base[place] = starts.base[place - 1] }
        starts.base[0] = 0
        for place in 0..<touched.count { places.base[Int(touched.base[place])] = -1 }
    }

    /// Appends a user's lists whose promise lies in a band to the chosen ones.
    private func take(_ lists: Int, _ promises: UnsafeBufferPointer<Float>, _ least: Float, _ below: Float) {
        chosen.reserve(lists)
        let found = Kernels.selectAtLeast(
            max(least, -.greatestFiniteMagnitude), of: promises,
            into: UnsafeMutableBufferPointer(start: chosen.base + chosen.count, count: lists))
        let mine = chosen.base + chosen.count
        var kept = 0
        for number in 0..<found where promises[Int(mine[number])] < below {
            let list = Int(mine[number])
            mine[kept] = mine[number]
            kept += 1
            if places.base[list] < 0 {
                places.base[list] = Int32(touched.count)
                touched.append(UInt32(list))
                starts.append(0)
            }
            starts.base[Int(places.base[list])] += 1
        }
        chosen.count += kept
    }
}
