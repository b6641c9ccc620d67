import Commerce
import Foundation
import LinearAlgebra
import Testing
import TwoTower

/// Checkpoints read back, and every way to break one gives an error that names the file and the tensor.
@Suite struct CheckpointTests {
    /// A checkpoint of the tiny model, in a directory of its own that is removed at the end.
    final class Saved {
        let directory: URL
        let checkpoint: Checkpoint

        init(_ userTower: UserTower = .sequential) throws {
            let tiny = TinyCase(userTower)
            let model = try StepTests.model(tiny)
            checkpoint = try Checkpoint(
                layout: tiny.layout, parameters: tiny.parameters, itemVectors: model.itemVectors,
                items: model.items.map(\.rawValue),
                vocabulary: model.vocabulary, attributes: model.attributes,
                facts: TrainingFacts(
                    seed: 3, dataDigest: "d", events: 9, shoppers: 3, epochs: 2, recallAt10: 0.25,
                    settings: ["dropout": 0.5]))
            directory = FileManager.default.temporaryDirectory.appendingPathComponent("checkpoint-\(UUID().uuidString)")
            try checkpoint.save(to: directory)
        }

        deinit { try? FileManager.default.removeItem(at: directory) }

        func edit(_ file: String, _ body: (inout Data) throws -> Void) throws {
            let url = directory.appendingPathComponent(file)
            var data = try Data(contentsOf: url)
            try body(&data)
            try data.write(to: url)
        }

        func replace(_ file: String, _ text: String, with other: String) throws {
            try edit(file) { data in
                let range = try #require(data.range(of: Data(text.utf8)), "\(file) does not hold \(text)")
                data.replaceSubrange(range, with: Data(other.utf8))
            }
        }

        /// Rewrites the header of the tensor file, whose length may change.
        func editHeader(_ body: (inout [String: Any]) throws -> Void) throws {
            try edit("model.safetensors") { data in
                let length = Int(data.withUnsafeBytes { $0.loadUnaligned(as: UInt64.self) })
                let json = try JSONSerialization.jsonObject(with: data[8..<8 + length])
                var header = try #require(json as? [String: Any])
                try body(&header)
                let edited = try JSONSerialization.data(withJSONObject: header)
                let prefix = withUnsafeBytes(of: UInt64(edited.count)) { Data($0) }
                data = prefix + edited + data[(8 + length)...]
            }
        }

        /// Rewrites one tensor's entry of the header.
        func editEntry(_ tensor: String, _ key: String, _ value: Any) throws {
            try editHeader { header in
                var entry = try #require(header[tensor] as? [String: Any])
                entry[key] = value
                header[tensor] = entry
            }
        }

        /// The error that loading gives.
        func failure() throws -> CheckpointError {
            try #require(throws: CheckpointError.self) { try Model.load(from: directory) }
        }
    }

    @Test(arguments: UserTower.allCases) func readsBackAsItWasWritten(userTower: UserTower) throws {
        let saved = try Saved(userTower)
        let model = try Model.load(from: saved.directory)
        let original = saved.checkpoint.model
        #expect(model.version == original.version && model.version.count == 64)
        #expect(model.items == original.items && model.vocabulary.tokens == original.vocabulary.tokens)
        #expect(model.vocabulary.prices == original.vocabulary.prices && model.attributes == original.attributes)
        #expect(model.layout == original.layout)
        for tensor in model.layout.tensors {
            for index in tensor.offset..<tensor.offset + tensor.count {
                #expect(model.parameters.pointer[index] == original.parameters.pointer[index])
            }
        }
        #expect(Array(model.itemVectors.values) == Array(original.itemVectors.values))
        #expect(try Checkpoint(directory: saved.directory).facts == saved.checkpoint.facts)
    }

    @Test func replacesACheckpointAndLeavesNothingElse() throws {
        let saved = try Saved()
        try saved.edit("model.json") { $0 = Data("broken".utf8) }
        try saved.checkpoint.save(to: saved.directory)
        #expect(try Model.load(from: saved.directory).version == saved.checkpoint.model.version)
        let name = saved.directory.lastPathComponent
        let beside = try FileManager.default.contentsOfDirectory(
            atPath: saved.directory.deletingLastPathComponent().path)
        #expect(beside.filter { $0.contains(name) } == [name])
        #expect(throws: CheckpointError.self) {
            try saved.checkpoint.save(to: saved.directory.appendingPathComponent("model.json/inside"))
        }
    }

    @Test func versionDependsOnEveryFile() throws {
        let saved = try Saved()
        try saved.replace("model.json", "\"seed\" : 3", with: "\"seed\" : 4")
        let first = try Model.load(from: saved.directory).version
        try saved.replace("vocabulary.json", "\"i0\"", with: "\"j0\"")
        let second = try Model.load(from: saved.directory).version
        try saved.edit("model.safetensors") { $0[$0.count - 1] ^= 1 }
        let third = try Model.load(from: saved.directory).version
        #expect(Set([saved.checkpoint.model.version, first, second, third]).count == 4)
    }

    @Test(arguments: ["model.json", "vocabulary.json", "model.safetensors"])
    func missingOrBrokenFileIsNamed(file: String) throws {
        let broken = try Saved()
        try broken.edit(file) { $0 = Data("{\"x\": ".utf8) }
        #expect(try broken.failure().file.hasSuffix("/" + file) && broken.failure().code == .malformed)
        let empty = try Saved()
        try empty.edit(file) { $0 = Data() }
        #expect(try empty.failure().file.hasSuffix("/" + file) && empty.failure().code == .malformed)
        try FileManager.default.removeItem(at: empty.directory.appendingPathComponent(file))
        let error = try empty.failure()
        #expect(error.file.hasSuffix("/" + file) && error.code == .inaccessible)
        #expect(error.description.contains("breadcrumb train"))
    }

    @Test func sizesThatDoNotFitAreRefused() throws {
        let format = try Saved()
        try format.edit("model.json") { $0 = Data(#"{"format": 1, "shape": {"items": 6}}"#.utf8) }
        #expect(try format.failure().code == .unsupportedVersion)
        #expect(try format.failure().reason.contains("breadcrumb train"))
        let odd = try Saved()
        try odd.replace("model.json", "\"dimension\" : 16", with: "\"dimension\" : 17")
        #expect(try odd.failure().reason.contains("dimension is 17"))
        let huge = try Saved()
        try huge.replace("model.json", "\"items\" : 6", with: "\"items\" : 9223372036854775807")
        #expect(try huge.failure().code == .malformed)
        let other = try Saved()
        try other.replace("model.json", "\"hidden\" : 16", with: "\"hidden\" : 32")
        let error = try other.failure()
        #expect(error.code == .wrongTensor && error.tensor == "blocks.0.feed_up.weight")
        #expect(error.reason == "expected shape [32, 16], found [16, 16]")
        let tower = try Saved()
        try tower.replace("model.json", "\"sequential\"", with: "\"mean\"")
        #expect(try Model.load(from: tower.directory).stateSize == 33, "a mean of 16, an output of 16, a count")
        try tower.replace("model.json", "\"mean\"", with: "\"other\"")
        #expect(try tower.failure().file.hasSuffix("model.json") && tower.failure().code == .malformed)
        let fewer = try Saved()
        try fewer.replace("vocabulary.json", "\"i5\"", with: "\"i5\",\"i6\"")
        #expect(try fewer.failure().reason == "items: expected 6 by model.json, found 7")
        let attributes = try Saved()
        try attributes.replace("vocabulary.json", "\"country=be\",", with: "")
        #expect(try attributes.failure().reason == "attributes: expected 3 by model.json, found 2")
        let prices = try Saved()
        try prices.replace("vocabulary.json", "0.1,", with: "0.9,")
        #expect(try prices.failure().reason.contains("7 finite ascending thresholds"))
        let column = try Saved()
        try column.replace("model.json", "\"width\" : 18", with: "\"width\" : 19")
        #expect(try column.failure().tensor == "vectors.text")
        let none = try Saved()
        try none.replace("model.json", "\"width\" : 18", with: "\"width\" : 0")
        #expect(try none.failure().reason.contains("has width 0"))
        let twice = try Saved()
        try twice.replace("vocabulary.json", "\"i5\"", with: "\"i4\"")
        #expect(try twice.failure().reason.contains("twice"))
    }

    @Test func brokenTensorsAreRefused() throws {
        let truncated = try Saved()
        try truncated.edit("model.safetensors") { $0.removeLast(4) }
        #expect(try truncated.failure().reason.contains("truncated"))
        let longer = try Saved()
        try longer.edit("model.safetensors") { $0.append(contentsOf: [0, 0, 0, 0]) }
        #expect(try longer.failure().reason.contains("belong to none"))
        let header = try Saved()
        try header.edit("model.safetensors") {
            $0.replaceSubrange(0..<8, with: [255, 255, 255, 255, 255, 255, 255, 127])
        }
        #expect(try header.failure().reason.contains("header claims"))

        let missing = try Saved()
        try missing.editHeader { header in header["renamed"] = header.removeValue(forKey: "blocks.1.mix.weight") }
        #expect(
            try missing.failure().description.hasSuffix(
                "tensor \"blocks.1.mix.weight\": missing, expected shape [16, 16]"))
        let shape = try Saved()
        try shape.editEntry("items.embedding", "shape", [16, 6])
        #expect(
            try shape.failure().description.hasSuffix(
                "tensor \"items.embedding\": expected shape [6, 16], found [16, 6]"))
        let extent = try Saved()
        try extent.editEntry("items.embedding", "shape", [7, 16])
        #expect(try extent.failure().reason.contains("needs 448 bytes, found 384"))
        let negative = try Saved()
        try negative.editEntry("items.embedding", "shape", [-6, -16])
        #expect(try negative.failure().reason.contains("impossible"))
        let overflow = try Saved()
        try overflow.editEntry("items.embedding", "shape", [Int.max, 16])
        #expect(try overflow.failure().reason.contains("impossible"))
        let type = try Saved()
        try type.editEntry("items.embedding", "dtype", "F16")
        #expect(try type.failure().reason == "type is F16, expected F32 or I32")
        let overlap = try Saved()
        try overlap.editEntry("tokens.embedding", "data_offsets", [0, 384])
        #expect(try overlap.failure().reason.contains("overlap"))
        let offsets = try Saved()
        try offsets.editEntry("items.embedding", "data_offsets", [0])
        #expect(try offsets.failure().code == .malformed)
        let number = try Saved()
        try number.edit("model.safetensors") { $0.replaceSubrange($0.count - 4..<$0.count, with: [0, 0, 192, 127]) }
        let error = try number.failure()
        #expect(error.code == .notFinite && error.tensor == "items.vector")
    }

    @Test func metadataAndSpacesInTheHeaderAreRead() throws {
        let saved = try Saved()
        try saved.editHeader { $0["__metadata__"] = ["format": "pt"] }
        #expect(try Model.load(from: saved.directory).items.count == 6)
    }

    // MARK: An independent reader

    /// The first python3 of the search path that has numpy.
    static let python = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map {
        $0 + "/python3"
    }.first {
        FileManager.default.isExecutableFile(atPath: $0) && (try? run($0, "import numpy")) != nil
    }

    /// What a Python program prints; an error if it fails.
    static func run(_ python: String, _ program: String, _ arguments: String...) throws -> Data {
        struct Failed: Error {}
        let process = Process()
        process.executableURL = URL(fileURLWithPath: python)
        process.arguments = ["-c", program] + arguments
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw Failed() }
        return data
    }

    /// The format as its specification says, in numpy; prints name, shape and all values of each tensor.
    static let reader = """
        import json, sys, numpy as np
        data = open(sys.argv[1] + "/model.safetensors", "rb").read()
        n = int.from_bytes(data[:8], "little")
        header = json.loads(data[8:8 + n])
        out = {}
        for name, t in header.items():
            a, b = t["data_offsets"]
            values = np.frombuffer(data[8 + n:][a:b], dtype="<f4").reshape(t["shape"])
            out[name] = [list(values.shape), [float(x) for x in values.ravel()]]
        assert (8 + n) % 8 == 0 and max(t["data_offsets"][1] for t in header.values()) == len(data) - 8 - n
        print(json.dumps(out))
        """

    @Test(.enabled(if: python != nil, "python3 with numpy is not installed"))
    func numpyReadsTheSameTensors() throws {
        struct Tensor: Decodable {
            var shape: [Int]
            var values: [Float]

            init(from decoder: any Decoder) throws {
                var container = try decoder.unkeyedContainer()
                shape = try container.decode([Int].self)
                values = try container.decode([Float].self)
            }
        }
        let saved = try Saved()
        let python = try #require(Self.python)
        let read = try JSONDecoder().decode(
            [String: Tensor].self, from: Self.run(python, Self.reader, saved.directory.path))
        let model = saved.checkpoint.model
        #expect(Set(read.keys) == Set(model.layout.tensors.map(\.name) + ["items.vector"]))
        for tensor in model.layout.tensors {
            let found = try #require(read[tensor.name])
            #expect(found.shape == tensor.shape)
            #expect(found.values == (0..<tensor.count).map { model.parameters.pointer[tensor.offset + $0] })
        }
        #expect(read["items.vector"]?.values == Array(model.itemVectors.values))
    }
}
