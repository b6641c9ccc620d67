/// The order in which the slots of a cache were used last: a doubly linked list over an array, without an allocation per use.
struct RecencyList {
    private struct Link {
        var newer: Int
        var older: Int
    }

    private var links: [Link] = []
    private var newest = -1
    /// The slot that was used longest ago; -1 where there is none.
    private(set) var oldest = -1

    /// Adds the slot after the last one, as the most recently used.
    mutating func append() {
        links.append(Link(newer: -1, older: -1))
        link(links.count - 1)
    }

    /// Makes the slot the most recently used.
    mutating func touch(_ slot: Int) {
        guard slot != newest else { return }
        unlink(slot)
        link(slot)
    }

    private mutating func unlink(_ slot: Int) {
        let (newer, older) = (links[slot].newer, links[slot].older)
        if newer >= 0 { links[newer].older = older } else { newest = older }
        if older >= 0 { links[older].newer = newer } else { oldest = newer }
    }

    private mutating func link(_ slot: Int) {
        links[slot] = Link(newer: -1, older: newest)
        if newest >= 0 { links[newest].newer = slot }
        newest = slot
        if oldest < 0 { oldest = slot }
    }
}
