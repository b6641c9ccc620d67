import LinearAlgebra

/// Working memory of searches in an `InvertedIndex`, grown to the largest search it has served.
public final class InvertedScratch {
    /// Users who share a pass over the lists.
    static let usersInPass = 64

    let users = UnsafeMutablePointer<SearchUser>.allocate(capacity: usersInPass)
    /// [users, width]
    private(set) var queries = FloatBuffer(count: 0)
    /// [users, width]: signed codes.
    private(set) var codes = UnsafeMutablePointer<Int8>.allocate(capacity: 1)
    /// [users, lists rounded up]: what the lists promise, estimates of their centroids' scores at first.
    private(set) var promises = FloatBuffer(count: 0)
    /// One block's users.
    let scans = UnsafeMutablePointer<Kernels.ScanUser>.allocate(capacity: usersInPass)

    /// Lists that users have looked into since the memory was made.
    public var looks: Int { lists.pointee.looks.total }

    /// What is written within a pass; behind a pointer, so that it costs no check of exclusive access.
    struct Lists {
        var looks = ListLooks()
        var queue = BlockQueue()
        /// Rows of the hits of a user, and their scores.
        var rows = Growing<UnsafePointer<Float>?>()
        var scores = Growing<Float>()
        /// Places of bounds, or the order of candidates.
        var places = Growing<UInt32>()
    }

    let lists = UnsafeMutablePointer<Lists>.allocate(capacity: 1)

    /// What the items of each list may reach, of the index of that stamp.
    private var reaches = Growing<Float>()
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
            codes.deallocate()
            codes = .allocate(capacity: users * width)
        }
        if promises.count != users * stride { promises = FloatBuffer(count: users * stride) }
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

    /// Makes of the estimates of centroids' scores what each list promises each user of a pass: it adds what the items in it that pass
    /// the user's filter may reach beyond.
    func promise(_ index: InvertedIndex, users count: Int) {
        let (lists, stride) = (index.partition.lists, Kernels.padded(index.partition.lists))
        if stamp != index.stamp {
            stamp = index.stamp
            reaches.count = 0
            for list in 0..<lists {
                reaches.append(index.partition.reach(of: list, holding: index.count(ofList: list)))
            }
        }
        for user in 0..<count {
            let slack = users[user].filter == nil ? index.slack : index.filteredSlack
            let (target, reaches) = (promises.pointer + user * stride, users[user].filter?.reaches ?? reaches.base)
            let way = index.isExhaustive ? 0 : slack * users[user].length
            for list in 0..<lists {
                let promise = target[list] + way * reaches[list]
                target[list] = reaches[list] == -.infinity ? -.infinity : promise
            }
        }
    }

    /// Gathers the lists that users want.
    func gather(lists: Int, users count: Int) {
        self.lists.pointee.looks.gather(users, count: count, lists: lists, promises: promises.pointer)
    }

    /// Wants the best `count` lists of a user; of equal ones all.
    func want(_ count: Int, of lists: Int, user: Int) {
        let promises = UnsafeBufferPointer(start: promises.pointer + user * Kernels.padded(lists), count: lists)
        users[user].wanted = count < lists ? Kernels.largest(count, of: promises) : -.infinity
    }
}
