import Foundation
import LinearAlgebra

/// The file that keeps a training that is not over, so that one that was cut off goes on where it was.
///
/// It is written anew at the end of every epoch, beside its place and then renamed, so that it is whole or not there. The
/// numbers stand in it as tensors of safetensors, all else as JSON in the `run` of its metadata. It belongs to the data, the
/// settings, the checkpoint that it started from and the version of the program that wrote it.
public struct UnfinishedTraining: Sendable {
    /// Changes whenever training or this file does: what another version began is not gone on with.
    private static let format = 2

    /// Where the file stands, or will.
    public let url: URL

    /// The training that `url` keeps, or will keep; nothing is read or written yet.
    public init(_ url: URL) { self.url = url }

    /// What a run is of: another one is not gone on with.
    struct Identity: Equatable {
        var dataDigest: String
        var settings: TrainingSettings
        /// Version of the checkpoint that the run started from, if it did.
        var startedFrom: String?
    }

    /// The file's JSON.
    private struct Record: Codable {
        var format = UnfinishedTraining.format
        var dataDigest: String
        var settings: TrainingSettings
        var startedFrom: String?
        var tried: [Candidates.Trial]
        var best: RunState.Choice.Attempt?
        var current: RunState.Choice.Attempt?
        var fit: Fit.Progress?
        var constants: Channels?
        var curve: [TrainingEpoch]
        var measuring: Double
        var elapsed: Double
    }

    private struct Format: Decodable {
        var format: Int
    }

    private enum Name {
        static let record = "run"
        static let best = "best"
        static let current = "current"
        static let parameters = "fit.parameters"
        static let average = "fit.average"
        static let first = "fit.first_moments"
        static let second = "fit.second_moments"
    }

    /// Why the file's content is not gone on with, where nothing is wrong with it.
    enum Refusal: String {
        case version = "another version of this program began it"
        case data = "it began on other events or another catalogue"
        case settings = "it began with other settings"
        case start = "it began from another checkpoint, or from none"
    }

    /// What the file holds.
    enum Content {
        case nothing
        case refused(Refusal)
        case state(RunState)
    }

    /// The state to go on from, if the file holds a sound one of this run; tells the user which it is.
    func resume(
        _ identity: Identity, shape: (Candidates.Candidate) -> TowerShape, _ notice: (String) -> Void
    ) -> RunState? {
        do throws(CheckpointError) {
            switch try load(identity, shape: shape) {
            case .nothing: return nil
            case .refused(let reason):
                notice("\(url.path): \(reason.rawValue); training begins anew")
                return nil
            case .state(let state):
                let spent = Duration.seconds(state.elapsed.rounded()).formatted()
                notice("\(url.path): training goes on after \(state.curve.count) epochs that took \(spent)")
                return state
            }
        } catch {
            notice("\(error); training begins anew")
            return nil
        }
    }

    /// Writes the state, or tells the user why not: training is worth more than what keeps it.
    func keep(_ state: RunState, of identity: Identity, _ notice: (String) -> Void) {
        do throws(CheckpointError) { try save(state, of: identity) } catch {
            notice("\(error); training goes on, but cannot be resumed here")
        }
    }

    /// Writes `state`. When this returns, it outlives the machine's next stop.
    func save(_ state: RunState, of identity: Identity) throws(CheckpointError) {
        let tensors = [
            (Name.best, state.best?.parameters), (Name.current, state.current?.parameters),
            (Name.parameters, state.fit?.parameters), (Name.average, state.fit?.average),
            (Name.first, state.fit?.moments.first), (Name.second, state.fit?.moments.second),
        ]
        let sources = tensors.compactMap { name, buffer in
            buffer.map { Safetensors.Source(name: name, shape: [$0.count], values: $0.values) }
        }
        let record = Record(
            dataDigest: identity.dataDigest, settings: identity.settings, startedFrom: identity.startedFrom,
            tried: state.tried,
            best: state.best?.attempt, current: state.current?.attempt, fit: state.fit?.progress,
            constants: state.constants, curve: state.curve, measuring: state.measuring, elapsed: state.elapsed)
        let temporary = url.appendingPathExtension("new")
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        do {
            let text = String(decoding: try encoder.encode(record), as: UTF8.self)
            try Safetensors.write(sources, metadata: [Name.record: text], to: temporary)
        } catch {
            throw CheckpointError(
                .inaccessible, file: url.path, "cannot be written: \((error as NSError).localizedDescription)")
        }
        guard rename(temporary.path, url.path) == 0 else {
            throw CheckpointError(
                .inaccessible, file: url.path, "cannot be put in place: \(String(cString: strerror(errno)))")
        }
    }

    /// Reads and checks what the file holds.
    ///
    /// - Parameter shape: of a candidate's parameters.
    /// - Throws: for a file that is damaged or cannot be read.
    func load(
        _ identity: Identity, shape: (Candidates.Candidate) -> TowerShape
    ) throws(CheckpointError) -> Content {
        guard FileManager.default.fileExists(atPath: url.path) else { return .nothing }
        let data: Data
        do { data = try Data(contentsOf: url, options: .mappedIfSafe) } catch {
            throw CheckpointError(
                .inaccessible, file: url.path, "cannot be read: \((error as NSError).localizedDescription)")
        }
        let file = try Safetensors.File(data, file: url.path)
        func decode<Value: Decodable>() throws(CheckpointError) -> Value {
            do {
                return try JSONDecoder().decode(Value.self, from: Data((file.metadata[Name.record] ?? "").utf8))
            } catch {
                throw CheckpointError(.malformed, file: url.path, "its metadata do not describe a training")
            }
        }
        let format: Format = try decode()
        guard format.format == Self.format else { return .refused(.version) }
        let record: Record = try decode()
        // The start comes first: it settles some of the settings.
        if record.startedFrom != identity.startedFrom { return .refused(.start) }
        if record.settings != identity.settings { return .refused(.settings) }
        if record.dataDigest != identity.dataDigest { return .refused(.data) }
        return .state(try state(record, identity.settings, file, shape))
    }

    private func state(
        _ record: Record, _ settings: TrainingSettings, _ file: Safetensors.File,
        _ shape: (Candidates.Candidate) -> TowerShape
    ) throws(CheckpointError) -> RunState {
        func fault(_ reason: String) -> CheckpointError { CheckpointError(.malformed, file: url.path, reason) }
        func read(_ name: String, of candidate: Candidates.Candidate) throws(CheckpointError) -> FloatBuffer {
            guard (16...1024).contains(candidate.dimension), (0...0.9).contains(candidate.dropout) else {
                throw fault("the dimension \(candidate.dimension) or the dropout \(candidate.dropout) is impossible")
            }
            let shape = shape(candidate)
            if let reason = shape.fault { throw fault(reason) }
            let count = TowerLayout(shape).count
            try file.check(name, shape: [count])
            let buffer = FloatBuffer(count: count)
            try file.read(name, shape: [count], into: buffer.pointer)
            return buffer
        }
        func choice(
            _ name: String, _ attempt: RunState.Choice.Attempt?
        ) throws(CheckpointError) -> RunState.Choice? {
            guard let attempt else { return nil }
            return RunState.Choice(attempt: attempt, parameters: try read(name, of: attempt.candidate))
        }
        var state = RunState(
            tried: record.tried, best: try choice(Name.best, record.best),
            current: try choice(Name.current, record.current), constants: record.constants, curve: record.curve,
            measuring: record.measuring, elapsed: record.elapsed)
        if let progress = record.fit {
            let candidate = state.candidate(settings)
            state.fit = Fit.State(
                progress: progress, parameters: try read(Name.parameters, of: candidate),
                average: try read(Name.average, of: candidate),
                moments: AdamW.Moments(
                    first: try read(Name.first, of: candidate), second: try read(Name.second, of: candidate)))
        }
        if let reason = record.constants?.fault { throw fault(reason) }
        let counts = [record.best?.epochs, record.current?.epochs, record.fit?.epochs, record.fit?.steps]
        guard counts.allSatisfy({ (0..<1 << 40).contains($0 ?? 0) })
        else { throw fault("a number of epochs or steps is impossible") }
        return state
    }

    /// Removes the file: the training is over, and its checkpoint stands.
    public func remove() {
        for file in [url, url.appendingPathExtension("new")] { try? FileManager.default.removeItem(at: file) }
    }
}
