import Commerce
import LinearAlgebra
import TwoTower

/// Users' states, moved along their own histories one step per event, many users together.
///
/// A state depends on its user's events alone. So the steps of a user can wait until someone asks for the user's vector,
/// and then be taken side by side with those of others, on all cores; the kernels give the same bits as one at a time.
final class StateWalker: @unchecked Sendable {
    // Unchecked: in a parallel loop each user's state and each moment's vector are touched by one thread.

    /// Somebody wants to know a user's vector as it was before an event of that user.
    struct Moment {
        var user: Int32
        /// The number of the user's events before it.
        var position: Int
    }

    private let model: Model
    private let log: EvaluationLog
    private let items: TowerItems
    /// [users, stateSize], and how many of each user's events are in it.
    private let states: FloatBuffer
    private var positions: [Int]
    /// The last session that a user's events bore, or -1.
    private var sessions: [Int32]
    /// Per set of attributes of the log, the model's rows.
    private let attributes: [[Int32]]
    private let desks: [Desk]

    /// Users that step together.
    private static let width = 32

    init(_ model: Model, _ log: EvaluationLog, _ items: TowerItems) {
        self.model = model
        self.log = log
        self.items = items
        states = FloatBuffer(count: log.users.count * model.stateSize)
        let initial = model.initialState
        for user in log.users.indices {
            for (index, value) in initial.enumerated() { states.pointer[user * initial.count + index] = value }
        }
        positions = [Int](repeating: 0, count: log.users.count)
        sessions = [Int32](repeating: -1, count: log.users.count)
        attributes = log.attributeSets.map { model.attributeRows(of: $0) }
        desks = (0..<Parallel.pieces).map { _ in Desk(model, width: Self.width) }
    }

    /// Writes the vector of each moment, row m of `vectors` [moments, d]: the readout, which is zero without a history. The
    /// moments of a user come in order, and none before one of an earlier call.
    func read(_ moments: [Moment], into vectors: FloatBuffer) {
        var byUser: [Int32: [Int]] = [:]
        for (index, moment) in moments.enumerated() { byUser[moment.user, default: []].append(index) }
        let trips = byUser.map { Trip(user: $0.key, moments: $0.value) }
            .sorted { ($0.moments[0], $0.user) < ($1.moments[0], $1.user) }
        positions.withUnsafeMutableBufferPointer { positions in
            sessions.withUnsafeMutableBufferPointer { sessions in
                let progress = Progress(positions: positions, sessions: sessions)
                Parallel.pieces { piece in
                    let mine = trips.indices.filter { $0 % Parallel.pieces == piece }.map { trips[$0] }
                    walk(mine, moments, progress, vectors, desks[piece])
                }
            }
        }
    }

    /// One user's way through the moments of a call.
    private struct Trip {
        var user: Int32
        /// Indices of the user's moments, in order.
        var moments: [Int]
    }

    private struct Progress: @unchecked Sendable {
        // Unchecked: see above.
        let positions: UnsafeMutableBufferPointer<Int>
        let sessions: UnsafeMutableBufferPointer<Int32>
    }

    /// One thread's rows of a step.
    private final class Desk {
        let states: FloatBuffer
        let inputs: FloatBuffer
        let scratch: StepScratch
        var events: [StepEvent] = []

        init(_ model: Model, width: Int) {
            states = FloatBuffer(count: width * model.stateSize)
            inputs = FloatBuffer(count: width * model.dimension)
            scratch = model.makeScratch()
        }
    }

    private func walk(
        _ trips: [Trip], _ moments: [Moment], _ progress: Progress, _ vectors: FloatBuffer, _ desk: Desk
    ) {
        var waiting = trips[...]
        var walking: [Trip] = []
        while true {
            // Serve the moments that are reached; whoever has no more makes room.
            walking = walking.filter { isUnderWay($0, moments, progress, vectors) }
            while walking.count < Self.width, let trip = waiting.popFirst() {
                if isUnderWay(trip, moments, progress, vectors) { walking.append(trip) }
            }
            guard !walking.isEmpty else { return }
            step(walking, progress, desk)
        }
    }

    /// Reads off every moment of the trip at its user's position; whether there are later ones.
    private func isUnderWay(
        _ trip: Trip, _ moments: [Moment], _ progress: Progress, _ vectors: FloatBuffer
    ) -> Bool {
        let position = progress.positions[Int(trip.user)]
        for index in trip.moments where moments[index].position == position {
            model.readout(
                states: states.pointer + Int(trip.user) * model.stateSize, count: 1,
                into: vectors.pointer + index * model.dimension)
        }
        return moments[trip.moments[trip.moments.count - 1]].position > position
    }

    /// Takes each of the users one event further.
    private func step(_ trips: [Trip], _ progress: Progress, _ desk: Desk) {
        let (size, d) = (model.stateSize, model.dimension)
        desk.events.removeAll(keepingCapacity: true)
        for (row, trip) in trips.enumerated() {
            let user = Int(trip.user)
            let events = log.events(of: trip.user)
            let place = events.startIndex + progress.positions[user]
            let event = log[Int(events[place])]
            let before = place > events.startIndex ? log[Int(events[place - 1])].time : nil
            let session = progress.sessions[user]
            desk.events.append(
                StepEvent(
                    action: event.action,
                    gap: before.map { event.time.subtractingReportingOverflow($0) }
                        .map { $0.overflow ? .max : $0.partialValue },
                    changesSession: event.session >= 0 && session >= 0 && event.session != session,
                    attributes: attributes[Int(event.attributes)]))
            (desk.states.pointer + row * size).update(from: states.pointer + user * size, count: size)
            (desk.inputs.pointer + row * d).update(from: items.inputs.pointer + Int(event.item) * d, count: d)
            progress.positions[user] += 1
            if event.session >= 0 { progress.sessions[user] = event.session }
        }
        model.step(
            desk.events, states: desk.states.first(trips.count * size),
            inputs: UnsafeBufferPointer(desk.inputs.first(trips.count * d)),
            scratch: desk.scratch)
        for (row, trip) in trips.enumerated() {
            (states.pointer + Int(trip.user) * size).update(from: desk.states.pointer + row * size, count: size)
        }
    }
}
