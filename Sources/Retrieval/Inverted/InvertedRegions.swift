import LinearAlgebra

/// Which lists a search compares at all: those of the regions that promise enough.
extension InvertedIndex {
    /// Opens the regions that promise each user of a pass most; where there is one alone, that.
    func openFirst(_ users: Int, _ scratch: InvertedScratch) {
        for user in 0..<users {
            scratch.promises[user].reset()
            scratch.regions[user].reset()
        }
        guard partition.regions.count > 1 else {
            for user in 0..<users { scratch.regions[user].want(promising: -.infinity) }
            return open(0, for: scratch.everybody, users, scratch)
        }
        compareRegions(users, scratch)
        for user in 0..<users { scratch.regions[user].want(best: scratch.users[user].breadth.regions) }
        open(users, scratch)
    }

    /// Finds what the regions promise each user of a pass.
    private func compareRegions(_ users: Int, _ scratch: InvertedScratch) {
        let regions = 0..<partition.regions.count
        for user in 0..<users {
            prepare(scratch.scans + user, user, scratch, into: scratch.regions[user].append(tiles: regions.tiles))
        }
        partition.regions.estimate(regions.tiles, for: scratch.scans, count: users)
        scratch.lists.pointee.codesRead += regions.count * users
        for user in 0..<users {
            let reaches = scratch.users[user].filter?.regions ?? UnsafePointer(self.reaches.regions.base)
            scratch.regions[user].finish(regions, reaches: reaches, way: way(of: user, scratch))
        }
    }

    /// Opens the regions that users want and that are not open: what their lists promise is known from then on.
    func open(_ users: Int, _ scratch: InvertedScratch) {
        guard partition.regions.count > 1 else { return }
        let all = scratch.lists
        all.pointee.openings.gather(scratch.regions, count: users, of: partition.regions.count)
        let opened = 0..<all.pointee.openings.touched.count
        for place in opened {
            partition.centroids.approach(
                tiles: partition.lists(ofRegion: all.pointee.openings.look(place).number).tiles)
        }
        for place in opened {
            let (region, lookers) = all.pointee.openings.look(place)
            open(region, for: all.pointee.openings.lookers.base + lookers.lowerBound, lookers.count, scratch)
        }
    }

    private func open(_ region: Int, for users: UnsafePointer<Int32>, _ count: Int, _ scratch: InvertedScratch) {
        let lists = partition.lists(ofRegion: region)
        for number in 0..<count {
            let user = Int(users[number])
            prepare(scratch.scans + number, user, scratch, into: scratch.promises[user].append(tiles: lists.tiles))
        }
        partition.centroids.estimate(lists.tiles, for: scratch.scans, count: count)
        scratch.lists.pointee.codesRead += lists.count * count
        for number in 0..<count {
            let user = Int(users[number])
            let reaches = scratch.users[user].filter?.lists ?? UnsafePointer(self.reaches.lists.base)
            scratch.promises[user].finish(lists, reaches: reaches, way: way(of: user, scratch))
        }
    }

    /// Prepares the scan of centroids for a user.
    private func prepare(
        _ scan: UnsafeMutablePointer<Kernels.ScanUser>, _ user: Int, _ scratch: InvertedScratch,
        into estimates: UnsafeMutablePointer<Float>
    ) {
        scratch.prepare(scan, user, width: partition.width)
        scan.pointee.bounds = estimates
        scan.pointee.maxima = nil
    }

    /// How far towards a user items are expected beyond their centroids.
    private func way(of user: Int, _ scratch: InvertedScratch) -> Float {
        let breadth = scratch.users[user].breadth
        return breadth.isExhaustive ? 0 : breadth.slack * scratch.users[user].length
    }
}
