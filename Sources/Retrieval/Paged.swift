/// Values by place, in pages that copies share until one of them changes: a change copies a page, however many values there
/// are.
struct Paged<Element> {
    private let shift: Int
    private var pages: [[Element]] = []
    private(set) var count = 0

    /// - Parameter shift: a page has 2 to the power of it.
    init(shift: Int) { self.shift = shift }

    subscript(place: Int) -> Element {
        get { pages[place >> shift][place & mask] }
        _modify { yield &pages[place >> shift][place & mask] }
    }

    /// All values, in order.
    var values: some Sequence<Element> { pages.joined() }

    mutating func append(_ value: Element) {
        if count & mask == 0 {
            pages.append([])
            pages[pages.count - 1].reserveCapacity(mask + 1)
        }
        pages[pages.count - 1].append(value)
        count += 1
    }

    private var mask: Int { 1 << shift - 1 }
}

extension Paged: Sendable where Element: Sendable {}
