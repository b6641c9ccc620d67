/// The compiled filters of a thread: those used last, as many as there is room for.
///
/// A market has for its lists, each pin and exploration as many filters as there are sets of boosts: some hundred where the rules
/// are many, for each of some markets. All in use must find room, or each is made anew for every batch.
struct FilterCache {
    /// So many are kept whatever they take, and more while all together take no more bytes than this.
    private static let (least, room) = (256, 128 << 20)

    private var filters: [ObjectIdentifier: CompiledFilter] = [:]
    private var uses: UInt64 = 0
    /// Filters compiled since the cache was made.
    private(set) var compilations = 0

    /// The filter's compiled form for an index.
    mutating func compiled(_ filter: ItemFilter, for index: InvertedIndex) -> CompiledFilter {
        uses += 1
        let name = ObjectIdentifier(filter)
        if let known = filters[name] {
            known.update(to: index)
            known.lastUse = uses
            return known
        }
        let compiled = CompiledFilter(filter, of: index)
        compiled.lastUse = uses
        compilations += 1
        filters[name] = compiled
        if filters.count > Self.least { makeRoom() }
        return compiled
    }

    private mutating func makeRoom() {
        var bytes = filters.values.reduce(0) { $0 + $1.bytes }
        while filters.count > Self.least, bytes > Self.room,
            let oldest = filters.min(by: { $0.value.lastUse < $1.value.lastUse })
        {
            bytes -= oldest.value.bytes
            filters[oldest.key] = nil
        }
    }
}
