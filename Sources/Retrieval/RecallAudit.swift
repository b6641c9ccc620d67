import Commerce
import Dispatch
import Synchronization

/// What share of the exact best the searches of a running service find: some of them are repeated in all lists.
///
/// Repeats run one at a time on a thread of low priority, and searches that come meanwhile are passed over: an audit never holds
/// up a search, and costs at most one thread.
public final class RecallAudit: Sendable {
    /// A search as it was asked, and what it found.
    public struct Sample: Sendable {
        let index: InvertedIndex
        let query: [Float]
        let k: Int
        let filter: ItemFilter?
        let excluded: ItemExclusions
        let extras: ExtraScores
        let found: [ItemID]

        /// - Parameter extras: of this user alone, or of none.
        public init(
            index: InvertedIndex, query: [Float], k: Int, filter: ItemFilter?, excluded: ItemExclusions,
            extras: ExtraScores,
            found: [ItemID]
        ) {
            self.index = index
            self.query = query
            self.k = k
            self.filter = filter
            self.excluded = excluded
            self.extras = extras
            self.found = found
        }
    }

    private struct State {
        var searches = 0
        var isBusy = false
        /// Found and wanted items of the last audits, the oldest first; all of the same partition.
        var audits: [(found: Int, wanted: Int)] = []
        var partition: Partition?
    }

    private let interval: Int
    private let observe: @Sendable (Double, Int) -> Void
    private let state = Mutex(State())
    private let queue = DispatchQueue(label: "recall audit", qos: .background)
    private nonisolated(unsafe) let scratch = InvertedScratch()  // used on `queue` alone

    /// Audits that the share is taken of: the last ones.
    public static let window = 500

    /// - Parameters:
    ///   - share: of the searches, above 0; at most 1.
    ///   - observe: hears after each audit the share of the exact best that the last ones found, and how many they were.
    public init(share: Double, observe: @escaping @Sendable (_ recall: Double, _ audits: Int) -> Void) {
        interval = max(1, Int((1 / max(share, 1e-9)).rounded()))
        self.observe = observe
    }

    /// Counts so many searches; whether one of them is to be audited. The caller then gives `take` the sample.
    public func isDue(after searches: Int) -> Bool {
        state.withLock { state in
            let before = state.searches / interval
            state.searches += searches
            guard state.searches / interval > before, !state.isBusy else { return false }
            state.isBusy = true
            return true
        }
    }

    /// Audits a search, later.
    public func take(_ sample: Sample) { queue.async { self.audit(sample) } }

    private func audit(_ sample: Sample) {
        let all = sample.index.looking(.everything)
        let exact = try? all.search(
            queries: sample.query.span, k: sample.k, filters: sample.filter.map { [$0] } ?? [],
            excluding: [sample.excluded], adding: sample.extras,
            scratch: scratch)
        let wanted = Set((exact?.first ?? []).map(\.item))
        let (found, audits) = state.withLock { state in
            state.isBusy = false
            // What was found by another plan says nothing of this one.
            if state.partition !== sample.index.partition { state.audits = [] }
            state.partition = sample.index.partition
            state.audits.append((sample.found.count { wanted.contains($0) }, wanted.count))
            if state.audits.count > Self.window { state.audits.removeFirst() }
            let all = state.audits.reduce((found: 0, wanted: 0)) { ($0.found + $1.found, $0.wanted + $1.wanted) }
            return (all.wanted > 0 ? Double(all.found) / Double(all.wanted) : 1, state.audits.count)
        }
        observe(found, audits)
    }
}
