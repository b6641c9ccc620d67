import LinearAlgebra

/// The lists that users of a pass look into next, list by list, so that each is scanned once for all who do; or the regions, likewise.
struct ListLooks {
    /// Lists that somebody looks into; of the one at place p the users are `lookers[starts[p]..<starts[p + 1]]`.
    private(set) var touched = Growing<UInt32>()
    private(set) var lookers = Growing<Int32>()
    private var starts = Growing<Int32>()
    /// Per list its place among the touched ones, -1 between gatherings.
    private var places = Growing<Int32>()
    /// The lists of the users, one user's after another's, and where each user's end.
    private var chosen = Growing<UInt32>()
    private var chosenEnds = Growing<Int32>()
    /// Per user the number of lists touched by the user or one before.
    private var touchedEnds = Growing<Int32>()
    /// Looks of a user into a list so far.
    private(set) var total = 0

    /// A list that is looked into, with the places in `lookers` of those who do.
    func look(_ place: Int) -> (number: Int, lookers: Range<Int>) {
        (Int(touched.base[place]), Int(starts.base[place])..<Int(starts.base[place + 1]))
    }

    /// The touched lists that no user before this one looks into; all of this user's are among them and those before.
    func firstTouched(by user: Int) -> Range<Int> {
        (user > 0 ? Int(touchedEnds.base[user - 1]) : 0)..<Int(touchedEnds.base[user])
    }

    /// Gathers the lists that users want and have not looked into.
    ///
    /// - Parameters:
    ///   - promises: of each user.
    ///   - lists: how many there are.
    mutating func gather(_ promises: UnsafeMutablePointer<Promises>, count: Int, of lists: Int) {
        if places.count < lists { places.append(repeating: -1, count: lists - places.count) }
        (chosen.count, chosenEnds.count, touched.count, touchedEnds.count, starts.count) = (0, 0, 0, 0, 0)
        for user in 0..<count {
            take(from: promises + user)
            chosenEnds.append(Int32(chosen.count))
            touchedEnds.append(Int32(touched.count))
        }
        starts.append(0)
        var sum: Int32 = 0
        for place in 0..<starts.count { (starts.base[place], sum) = (sum, sum + starts.base[place]) }
        lookers.count = 0
        lookers.reserve(chosen.count)
        var number = 0
        for user in 0..<count {
            while number < chosenEnds.base[user] {
                let place = Int(places.base[Int(chosen.base[number])])
                (lookers.base + Int(starts.base[place])).initialize(to: Int32(user))
                starts.base[place] += 1
                number += 1
            }
        }
        lookers.count = chosen.count
        total += chosen.count
        // Each start has run to its list's end, where the next list begins.
        for place in stride(from: touched.count, to: 0, by: -1) { starts.base[place] = starts.base[place - 1] }
        starts.base[0] = 0
        for place in 0..<touched.count { places.base[Int(touched.base[place])] = -1 }
    }

    /// Appends what a user takes up to the chosen lists.
    private mutating func take(from promises: UnsafeMutablePointer<Promises>) {
        chosen.reserve(promises.pointee.count)
        let mine = chosen.base + chosen.count
        let found = promises.pointee.take(into: mine)
        for number in 0..<found {
            let list = Int(mine[number])
            if places.base[list] < 0 {
                places.base[list] = Int32(touched.count)
                touched.append(UInt32(list))
                starts.append(0)
            }
            starts.base[Int(places.base[list])] += 1
        }
        chosen.count += found
    }
}
