import Commerce
import Retrieval
import Streaming
import TwoTower

/// The replay of `StateBenchmark`: one shopper's state at a time, in every form side by side.
struct StatePass {
    private let model: Model
    private let catalogue: CatalogueSnapshot
    private let k: Int
    private let forms = StateForm.allCases
    private let stepScratch: StepScratch
    private let searchScratch: InvertedScratch
    private let sparseScratch: SparseChannel.Scratch?

    // The shopper of the moment.
    private var shopper = Shopper.known("")
    /// [forms, stateSize]
    private var states: [Float]
    private var seen: Set<ItemID> = []
    /// Rows of the items, newest last.
    private var rows: [Int?] = []
    private var latest: EventTime?
    private var session: UInt64?

    // Over all shoppers.
    private(set) var queries = 0
    private var hits: [Int]
    private var shared: [Int]
    private var angles: [Double]
    private var recordBytes = 0
    private var shoppers = 0
    /// [shoppers, stateSize]: the last states in fp32, to time the forms on.
    private var lastStates: [Float] = []

    init(model: Model, catalogue: CatalogueSnapshot, k: Int) {
        self.model = model
        self.catalogue = catalogue
        self.k = k
        stepScratch = model.makeScratch()
        searchScratch = catalogue.index.makeScratch()
        sparseScratch = model.channels.sparse?.makeScratch()
        states = []
        hits = forms.map { _ in 0 }
        shared = hits
        angles = forms.map { _ in 0 }
    }

    /// A shopper who has done nothing.
    mutating func begin(_ shopper: Shopper) {
        self.shopper = shopper
        states = forms.flatMap { _ in model.initialState }
        seen = []
        rows = []
        latest = nil
        session = nil
    }

    /// Whether an event on the item is a query: the shopper has a history, and the item is new to it.
    func asksFor(_ item: ItemID) -> Bool { !seen.isEmpty && !seen.contains(item) }

    /// Makes the shopper's list in every form.
    mutating func ask(_ item: ItemID) throws {
        let d = model.dimension
        var vectors = [Float](repeating: 0, count: forms.count * d)
        states.withUnsafeBufferPointer { states in
            vectors.withUnsafeMutableBufferPointer { vectors in
                guard let from = states.baseAddress, let to = vectors.baseAddress else { return }
                model.readout(states: from, count: forms.count, into: to)
            }
        }
        var extras = ExtraScores()
        if let sparse = model.channels.sparse, let sparseScratch {
            sparse.withScores(ofLast: rows.suffix(SparseChannel.depth).reversed(), scratch: sparseScratch) {
                found in
                for _ in forms { extras.appendUser(found.rows.span, found.scores.span) }
            }
        }
        let lists = try catalogue.index.search(
            queries: vectors.span, k: k, excluding: forms.map { _ in Array(seen) }, adding: extras,
            scratch: searchScratch
        ).map { Set($0.map(\.item)) }
        for form in forms.indices {
            if lists[form].contains(item) { hits[form] += 1 }
            shared[form] += lists[form].intersection(lists[0]).count
            var (dot, a, b) = (0.0, 0.0, 0.0)
            for i in 0..<d {
                let (x, y) = (Double(vectors[i]), Double(vectors[form * d + i]))
                (dot, a, b) = (dot + x * y, a + x * x, b + y * y)
            }
            angles[form] += 1 - dot / max((a * b).squareRoot(), .leastNormalMagnitude)
        }
        queries += 1
    }

    /// Moves the state by an event, and rounds it as its form would.
    mutating func step(_ event: Event) {
        let (count, d, width) = (forms.count, model.dimension, model.stateSize)
        let row = model.row(of: event.item)
        let vector =
            row.map { Array(model.trainedInput($0)) } ?? catalogue.vector(ofNew: event.item)
            ?? Array(model.unknownInput)
        let gap = latest.map { max(0, event.time.rawValue &- $0.rawValue) }
        let next = event.sessionID.map(Identifier.hash)
        let changes = Visit.changes(from: session, to: next)
        let attributes = model.attributeRows(of: event.attributes)
        let inputs = (0..<count).flatMap { _ in vector }
        let moved = StepEvent(action: event.action, gap: gap, changesSession: changes, attributes: attributes)
        states.withUnsafeMutableBufferPointer { states in
            inputs.withUnsafeBufferPointer {
                model.step(
                    [StepEvent](repeating: moved, count: count), states: states, inputs: $0, scratch: stepScratch)
            }
            guard let base = states.baseAddress else { return }
            for form in forms.indices {
                let state = UnsafeMutableBufferPointer(start: base + form * width, count: width)
                forms[form].decode(forms[form].encode(UnsafeBufferPointer(state), d: d), into: state, d: d)
            }
        }
        session = next ?? session
        latest = max(latest ?? event.time, event.time)
        seen.insert(event.item)
        rows.append(row)
    }

    /// Takes the measure of the shopper's record, as the service would have it by default: 50 events, 64 ids.
    mutating func end(of history: [Event]) {
        var record = ShopperRecord(shopper: StateKey(shopper.tagged))
        record.model = model.version
        record.sequence = UInt64(history.count)
        record.latest = latest
        record.session = session
        for event in history.suffix(50) {
            record.entries.append(
                ShopperRecord.Entry(
                    item: event.item, action: event.action, gap: 86_400_000, vector: nil, attributes: event.attributes))
        }
        record.eventIDs = history.suffix(64).indices.map { UInt64($0) }
        for event in history where event.action == .purchase {
            record.purchases.add(event.item, at: event.time, limit: PurchaseMemory.usualLimit)
        }
        recordBytes += record.bytes.count
        shoppers += 1
        lastStates += states.prefix(model.stateSize)
    }

    /// What was found, a line for each form.
    func lines() -> [StateReport.Line] {
        forms.indices.map { form in
            let (encode, decode, bytes) = times(of: forms[form])
            return StateReport.Line(
                form: forms[form], recall: Double(hits[form]) / Double(queries),
                overlap: Double(shared[form]) / Double(shared[0]), angle: angles[form] / Double(queries),
                stateBytes: bytes, recordBytes: Double(recordBytes) / Double(shoppers) + Double(bytes),
                encodeNanoseconds: encode, decodeNanoseconds: decode)
        }
    }

    /// Processor time of coding a state, over all shoppers' last ones, and the bytes it takes.
    private func times(of form: StateForm) -> (encode: Double, decode: Double, bytes: Int) {
        let (d, width) = (model.dimension, model.stateSize)
        var coded: [[UInt8]] = []
        coded.reserveCapacity(shoppers)
        let start = ProcessorTime.ofThisThread()
        lastStates.withUnsafeBufferPointer { all in
            for shopper in 0..<shoppers {
                coded.append(
                    form.encode(UnsafeBufferPointer(rebasing: all[shopper * width..<(shopper + 1) * width]), d: d))
            }
        }
        let middle = ProcessorTime.ofThisThread()
        var state = [Float](repeating: 0, count: width)
        var sum: Float = 0
        state.withUnsafeMutableBufferPointer { state in
            for bytes in coded {
                form.decode(bytes, into: state, d: d)
                sum += state[0]
            }
        }
        let end = ProcessorTime.ofThisThread()
        precondition(!sum.isNaN, "a state held a NaN")
        return (
            Double(middle - start) / Double(shoppers), Double(end - middle) / Double(shoppers), coded.first?.count ?? 0
        )
    }
}
