import Foundation
import LinearAlgebra

/// A trained model on its way to or from a directory of files.
///
/// - `model.safetensors`: the parameters by name, fp32, and the items' vectors.
/// - `vocabulary.json`: items, feature tokens and user attributes in the order of their rows, and the categories' price thresholds.
/// - `model.json`: format, sizes, the constants of the channels, and the facts of training.
/// - `curve.json`: what each epoch reached and when; no part of the version, since it depends on the clock.
///
/// `docs/model.md` defines all of them.
public struct Checkpoint: Sendable {
    static let formatVersion = 3
    static let description = "model.json"
    static let vocabularyFile = "vocabulary.json"
    static let tensorFile = "model.safetensors"
    static let curveFile = "curve.json"
    /// Names of the files that a checkpoint consists of.
    public static let fileNames: Set<String> = [description, vocabularyFile, tensorFile, curveFile]
    /// Name of the tensor of the known items' vectors: derived, but from a catalogue that only training saw.
    static let itemVectorName = "items.vector"
    static let audienceName = "users.audience"

    /// What every format of `model.json` holds.
    struct Format: Codable {
        var format: Int
    }

    /// The content of `model.json`.
    struct Description: Codable {
        var format: Int
        var shape: TowerShape
        var channels: Channels
        /// Milliseconds since 1970 of the last event of the log: popularity is as of then.
        var trainedUntil: Int64
        var training: TrainingFacts
    }

    /// The content of `vocabulary.json`.
    struct Vocabulary: Codable {
        var items: [String]
        var tokens: [String]
        var attributes: [String]
        /// By category path.
        var prices: [String: [Double]]
    }

    public let facts: TrainingFacts
    /// What each epoch of training reached, in order; empty for a checkpoint that was read.
    public let curve: [TrainingEpoch]
    /// The model, ready to serve; its version is the digest of the files.
    public let model: Model
    private let files: Files

    struct Files: Sendable {
        var description: Data
        var vocabulary: Data
        var tensors: Data

        /// Hex digest of the three files.
        func digest(directory: String) throws(CheckpointError) -> String {
            do { return try ContentDigest.hex([description, vocabulary, tensors]) } catch {
                throw CheckpointError(
                    .inaccessible, file: directory + Checkpoint.description, "has no version: \(error)")
            }
        }
    }

    /// Makes a checkpoint of trained parameters.
    package init(
        layout: TowerLayout, parameters: FloatBuffer, itemVectors: FloatBuffer, audience: FloatBuffer? = nil,
        items: [String],
        vocabulary: FeatureVocabulary, attributes: AttributeVocabulary = AttributeVocabulary(),
        channels: TrainedChannels = .none, facts: TrainingFacts, curve: [TrainingEpoch] = []
    ) throws(CheckpointError) {
        self.curve = curve
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes, .prettyPrinted]
        var sources = layout.tensors.map {
            Safetensors.Source(
                name: $0.name, shape: $0.shape,
                values: UnsafeBufferPointer(start: parameters.pointer + $0.offset, count: $0.count))
        }
        sources.append(
            Safetensors.Source(
                name: Self.itemVectorName, shape: [layout.shape.items, layout.shape.dimension],
                values: itemVectors.values))
        if let audience {
            let d = layout.shape.dimension
            sources.append(
                Safetensors.Source(name: Self.audienceName, shape: [audience.count / d, d], values: audience.values))
        }
        do {
            files = Files(
                description: try encoder.encode(
                    Description(
                        format: Self.formatVersion, shape: layout.shape, channels: channels.constants,
                        trainedUntil: channels.time, training: facts)),
                vocabulary: try encoder.encode(
                    Vocabulary(
                        items: items, tokens: vocabulary.tokens, attributes: attributes.tokens,
                        prices: vocabulary.prices.thresholds)),
                tensors: try channels.withSources { try Safetensors.encode(sources + $0) })
        } catch {
            throw CheckpointError(.malformed, file: Self.description, "cannot be written as JSON: \(error)")
        }
        (model, self.facts) = try Self.decode(files, directory: "")
    }

    /// Reads a checkpoint and checks all of it.
    public init(directory: URL) throws(CheckpointError) {
        func read(_ name: String) throws(CheckpointError) -> Data {
            let url = directory.appendingPathComponent(name)
            do { return try Data(contentsOf: url) } catch {
                throw CheckpointError(
                    .inaccessible, file: url.path,
                    "cannot be read (\((error as NSError).localizedDescription)); `breadcrumb train` makes a checkpoint"
                )
            }
        }
        curve = []
        files = Files(
            description: try read(Self.description), vocabulary: try read(Self.vocabularyFile),
            tensors: try read(Self.tensorFile))
        (model, facts) = try Self.decode(files, directory: directory.path + "/")
    }

    /// Writes the files into a new directory beside `directory` and renames it into place, so that a reader sees the
    /// whole of a checkpoint or none. A checkpoint that stood there is moved aside an instant before, and back on failure.
    public func save(to directory: URL) throws(CheckpointError) {
        let manager = FileManager.default
        let parent = directory.deletingLastPathComponent()
        let temporary = parent.appendingPathComponent(".\(directory.lastPathComponent).\(UUID().uuidString)")
        defer { try? manager.removeItem(at: temporary) }
        do {
            try manager.createDirectory(at: temporary, withIntermediateDirectories: true)
            for (name, data) in [
                (Self.description, files.description), (Self.vocabularyFile, files.vocabulary),
                (Self.tensorFile, files.tensors),
            ] {
                try data.write(to: temporary.appendingPathComponent(name))
            }
            if !curve.isEmpty {
                try JSONEncoder().encode(curve).write(to: temporary.appendingPathComponent(Self.curveFile))
            }
        } catch {
            throw CheckpointError(
                .inaccessible, file: directory.path, "cannot be written: \((error as NSError).localizedDescription)")
        }
        let retired = temporary.appendingPathExtension("old")
        let replaces = rename(directory.path, retired.path) == 0
        guard rename(temporary.path, directory.path) == 0 else {
            let reason = String(cString: strerror(errno))
            if replaces { _ = rename(retired.path, directory.path) }
            throw CheckpointError(.inaccessible, file: directory.path, "cannot be put in place: \(reason)")
        }
        if replaces { try? manager.removeItem(at: retired) }
    }

    private static func decode(_ files: Files, directory: String) throws(CheckpointError) -> (Model, TrainingFacts) {
        // The format comes first: another one has other fields, and it is the format that has to be named then.
        let format: Format = try decode(files.description, file: directory + Self.description)
        guard format.format == formatVersion else {
            throw CheckpointError(
                .unsupportedVersion, file: directory + Self.description,
                "format \(format.format), this version reads format \(formatVersion); "
                    + "`breadcrumb train` makes a checkpoint of it")
        }
        let description: Description = try decode(files.description, file: directory + Self.description)
        if let fault = description.shape.fault {
            throw CheckpointError(.malformed, file: directory + Self.description, "shape: \(fault)")
        }
        let shape = description.shape
        let vocabulary: Vocabulary = try decode(files.vocabulary, file: directory + vocabularyFile)
        for (name, found, expected) in [
            ("items", vocabulary.items, shape.items), ("tokens", vocabulary.tokens, shape.tokens),
            ("attributes", vocabulary.attributes, shape.attributes),
        ] {
            guard found.count == expected else {
                throw CheckpointError(
                    .malformed, file: directory + vocabularyFile,
                    "\(name): expected \(expected) by \(Self.description), found \(found.count)")
            }
            guard Set(found).count == found.count else {
                throw CheckpointError(.malformed, file: directory + vocabularyFile, "\(name): a name occurs twice")
            }
        }
        let prices = PriceScale(thresholds: vocabulary.prices)
        if let fault = prices.fault {
            throw CheckpointError(.malformed, file: directory + vocabularyFile, "prices: \(fault)")
        }
        let layout = TowerLayout(shape)
        let file = try Safetensors.File(files.tensors, file: directory + tensorFile)
        // Shapes are compared before memory of their size is taken: a small file cannot ask for a large allocation.
        for tensor in layout.tensors { try file.check(tensor.name, shape: tensor.shape) }
        try file.check(itemVectorName, shape: [shape.items, shape.dimension])
        let parameters = FloatBuffer(count: layout.count)
        for tensor in layout.tensors {
            try file.read(tensor.name, shape: tensor.shape, into: parameters.pointer + tensor.offset)
        }
        let vectors = FloatBuffer(count: shape.items * shape.dimension)
        try file.read(itemVectorName, shape: [shape.items, shape.dimension], into: vectors.pointer)
        let model = Model(
            version: try files.digest(directory: directory), layout: layout, parameters: parameters,
            itemVectors: vectors, audience: try audience(in: file, dimension: shape.dimension),
            vocabulary: FeatureVocabulary(tokens: vocabulary.tokens, prices: prices),
            attributes: AttributeVocabulary(tokens: vocabulary.attributes), items: vocabulary.items.map { .init($0) },
            channels: try TrainedChannels(
                description.channels, time: description.trainedUntil, items: shape.items, file: file,
                description: directory + Self.description))
        return (model, description.training)
    }

    /// The sample of shoppers' vectors; none in a checkpoint of the PyTorch twin.
    private static func audience(in file: Safetensors.File, dimension: Int) throws(CheckpointError) -> FloatBuffer {
        let count = file.length(audienceName) ?? 0
        guard count > 0 else { return FloatBuffer(count: 0) }
        try file.check(audienceName, shape: [count, dimension])
        let vectors = FloatBuffer(count: count * dimension)
        try file.read(audienceName, shape: [count, dimension], into: vectors.pointer)
        return vectors
    }

    private static func decode<Value: Decodable>(_ data: Data, file: String) throws(CheckpointError) -> Value {
        do { return try JSONDecoder().decode(Value.self, from: data) } catch {
            throw CheckpointError(.malformed, file: file, reason(error))
        }
    }

    /// Where in a JSON file the decoder stopped, and why.
    private static func reason(_ error: any Error) -> String {
        func place(_ path: [any CodingKey]) -> String { path.map(\.stringValue).joined(separator: ".") }
        return switch error {
        case DecodingError.keyNotFound(let key, let context): "\(place(context.codingPath + [key])): missing"
        case DecodingError.typeMismatch(let type, let context): "\(place(context.codingPath)): expected \(type)"
        case DecodingError.valueNotFound(let type, let context):
            "\(place(context.codingPath)): expected \(type), found null"
        default: "is not valid JSON of the expected form"
        }
    }
}

extension Model {
    /// Loads the model of a checkpoint directory; see `Checkpoint`.
    public static func load(from directory: URL) throws(CheckpointError) -> Model {
        try Checkpoint(directory: directory).model
    }
}
