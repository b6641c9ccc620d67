import LinearAlgebra

/// Tries channels on a replay: every item moves as its rule says, event by event, and every query is ranked with what was
/// known before it.
final class ChannelTrial {
    private let replay: ValidationReplay
    /// Occurrences before the replay, decayed with a half-life, on demand.
    private let popularity: (Double) -> [Float]
    private let tables: NeighbourTrials

    /// Queries whose scores are computed together.
    private static let block = 16

    /// - Parameters:
    ///   - tables: of the events before the replay.
    ///   - popularity: the decayed occurrences of all items at the start of the replay, for a half-life in milliseconds.
    init(replay: ValidationReplay, tables: NeighbourTrials, popularity: @escaping (Double) -> [Float]) {
        self.replay = replay
        self.tables = tables
        self.popularity = popularity
    }

    /// The sparse channel of some constants; not to be called on two threads at a time.
    func sparseChannel(_ channels: Channels) -> SparseChannel? {
        channels.sparse.map { SparseChannel(settings: $0, table: tables.table($0.neighbours)) }
    }

    /// Forgets the neighbour tables that these channels do not use.
    func settle(_ channels: Channels) { tables.keep(only: channels.sparse?.neighbours) }

    /// The merit of channels.
    ///
    /// - Parameter channel: `sparseChannel(channels)`.
    func merit(_ channels: Channels, _ channel: SparseChannel?) -> Double {
        guard let start = replay.events.first?.time, !replay.queries.isEmpty else { return 0 }
        let d = replay.dimension
        let n = replay.hasVector.count
        // A rule that moves nothing serves where none is given.
        let rule =
            channels.motion
            ?? MotionRule(
                knownPrior: nil, newPrior: 1, newGain: 0, popularityWeight: 0, popularityHalfLife: 1)
        let moving = MovingItems(
            rule: rule, base: replay.items, hasBase: replay.hasVector, isKnown: replay.isKnown, dimension: d,
            popularity: rule.popularityWeight > 0
                ? popularity(rule.popularityHalfLife) : [Float](repeating: 0, count: n),
            time: start)
        let scratch = channel?.makeScratch()
        let users = FloatBuffer(count: Self.block * d)
        let scores = FloatBuffer(count: Self.block * n)
        var hits = Hits()
        var next = 0
        for first in stride(from: 0, to: replay.queries.count, by: Self.block) {
            let block = replay.queries[first..<min(first + Self.block, replay.queries.count)]
            for (row, query) in block.enumerated() {
                (users.pointer + row * d).update(from: replay.users.pointer + query.event * d, count: d)
            }
            moving.refresh(at: replay.events[next].time)
            Blas.multiply(
                MatrixView(users.pointer, rows: block.count, columns: d), .plain,
                MatrixView(moving.vectors.pointer, rows: n, columns: d), .transposed,
                into: MatrixView(scores.pointer, rows: block.count, columns: n), scale: replay.scale)
            for (row, query) in block.enumerated() {
                while next < query.event {
                    advance(&next, moving, moves: channels.motion != nil)
                }
                let line = UnsafeMutableBufferPointer(start: scores.pointer + row * n, count: n)
                finish(line, users.pointer + row * d, moving)
                if let channel, let scratch {
                    let last = query.history.suffix(SparseChannel.depth).reversed().map {
                        Optional(Int(replay.histories.items[$0]))
                    }
                    for (item, extra) in channel.scores(ofLast: last, scratch: scratch) { line[Int(item)] += extra }
                }
                hits.add(above: rank(line, query))
            }
        }
        return hits.figure(queries: replay.queries.count).merit
    }

    private func advance(_ next: inout Int, _ moving: MovingItems, moves: Bool) {
        let event = replay.events[next]
        if moves {
            let state = replay.users.pointer + next * replay.dimension
            moving.touch(Int(event.item), state: event.movesItem ? UnsafePointer(state) : nil, time: event.time)
        }
        next += 1
    }

    /// Brings dense scores of the block's start to what they are now: moved items anew, popularity added, items without a
    /// vector out.
    private func finish(
        _ line: UnsafeMutableBufferPointer<Float>, _ user: UnsafePointer<Float>, _ moving: MovingItems
    ) {
        let d = replay.dimension
        for item in moving.touched {
            let vector = UnsafePointer(moving.vectors.pointer + Int(item) * d)
            line[Int(item)] = replay.scale * RowMath.dot(user, vector, d)
        }
        if moving.rule.popularityWeight > 0 {
            moving.coordinates.withUnsafeBufferPointer { coordinates in
                for item in line.indices { line[item] += replay.scale * coordinates[item] }
            }
        }
        moving.hasVector.withUnsafeBufferPointer { able in
            for item in line.indices where !able[item] { line[item] = -.infinity }
        }
    }

    /// How many items outside the query's history score at least as high as its target.
    private func rank(_ line: UnsafeMutableBufferPointer<Float>, _ query: ValidationReplay.Query) -> Int {
        for event in query.history { line[Int(replay.histories.items[event])] = -.infinity }
        return Hits.above(Int(replay.events[query.event].item), in: UnsafeBufferPointer(line))
    }
}
