import LinearAlgebra

/// Working memory of searches in an `InvertedIndex`, grown to the largest search it has served.
public final class InvertedScratch {
    /// Users who share a pass over the lists.
    static let usersInPass = 64

    let users = UnsafeMutablePointer<SearchUser>.allocate(capacity: usersInPass)
    /// The numbers of the users.
    let everybody = UnsafeMutablePointer<Int32>.allocate(capacity: usersInPass)
    /// [users, width]
    private(set) var queries = FloatBuffer(count: 0)
    /// [users, width]: signed codes.
    private(set) var codes = UnsafeMutablePointer<Int8>.allocate(capacity: 1)
    /// What the regions promise each user, and the lists of those that have been opened.
    let regions = UnsafeMutablePointer<Promises>.allocate(capacity: usersInPass)
    let promises = UnsafeMutablePointer<Promises>.allocate(capacity: usersInPass)
    /// One block's users.
    let scans = UnsafeMutablePointer<Kernels.ScanUser>.allocate(capacity: usersInPass)

    /// Lists that users have looked into since the memory was made.
    public var looks: Int { lists.pointee.looks.total }
    /// Filters that have been compiled since.
    package var compilations: Int { filters.compilations }
    /// Codes that searches have gone through since, those of centroids included.
    public var codesRead: Int { lists.pointee.codesRead }

    /// What is written within a pass; behind a pointer, so that it costs no check of exclusive access.
    struct Lists {
        /// Regions to open, and lists to look into.
        var openings = ListLooks()
        var looks = ListLooks()
        var queue = BlockQueue()
        var codesRead = 0
        /// Rows of the hits of a user, and their scores.
        var rows = Growing<UnsafePointer<Float>?>()
        var scores = Growing<Float>()
        /// Places of bounds, or the order of candidates.
        var places = Growing<UInt32>()
    }

    let lists = UnsafeMutablePointer<Lists>.allocate(capacity: 1)

    var filters = FilterCache()
    /// Those of a pass, which their views need alive.
    private var inForce: [CompiledFilter] = []

    /// Empty memory, for any index.
    public init() {
        // Each its own memory: copies share it.
        for user in 0..<Self.usersInPass {
            (users + user).initialize(to: SearchUser())
            everybody[user] = Int32(user)
            (regions + user).initialize(to: Promises())
            (promises + user).initialize(to: Promises())
        }
        scans.initialize(repeating: Kernels.ScanUser(), count: Self.usersInPass)
        lists.initialize(to: Lists())
    }

    deinit {
        users.deinitialize(count: Self.usersInPass)
        users.deallocate()
        everybody.deallocate()
        regions.deinitialize(count: Self.usersInPass)
        regions.deallocate()
        promises.deinitialize(count: Self.usersInPass)
        promises.deallocate()
        lists.deinitialize(count: 1)
        lists.deallocate()
        codes.deallocate()
        scans.deallocate()
    }

    /// Makes room for a partition.
    func fit(_ partition: Partition) {
        let (users, width) = (Self.usersInPass, partition.width)
        guard queries.count != users * width else { return }
        queries = FloatBuffer(count: users * width)
        codes.deallocate()
        codes = .allocate(capacity: users * width)
    }

    /// Makes a user of a scan of one of the pass: the query's codes, and what turns their sums into scores.
    func prepare(_ scan: UnsafeMutablePointer<Kernels.ScanUser>, _ user: Int, width: Int) {
        scan.pointee.query = UnsafePointer(codes + user * width)
        scan.pointee.start = users[user].start
        scan.pointee.step = users[user].step
    }

    /// Gives each user of a pass the filter, and the breadth of the search.
    func take(_ wanted: ArraySlice<ItemFilter>, users count: Int, for index: InvertedIndex) {
        inForce.removeAll(keepingCapacity: true)
        for user in 0..<count { (users[user].filter, users[user].breadth) = (nil, index.breadth) }
        for (user, filter) in wanted.enumerated() {
            let compiled = filters.compiled(filter, for: index)
            guard compiled.count < index.count else { continue }
            inForce.append(compiled)
            (users[user].filter, users[user].breadth) = (compiled.view, index.filteredBreadth)
        }
    }
}
