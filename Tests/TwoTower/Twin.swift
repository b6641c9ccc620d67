import Foundation
import LinearAlgebra
import Testing
import TwoTower

/// The PyTorch twin in ops/torch, run as a program of its own in a folder of its own.
final class Twin {
    /// A Python that has PyTorch: the one that BREADCRUMB_TORCH_PYTHON names, else Debian's if it does; or nil.
    static let python: String? = {
        let named = ProcessInfo.processInfo.environment["BREADCRUMB_TORCH_PYTHON"]
        return [named ?? "/usr/bin/python3"].first { python in
            let process = Process()
            process.executableURL = URL(fileURLWithPath: python)
            process.arguments = [
                "-I", "-c", "import importlib.util as u; raise SystemExit(u.find_spec('torch') is None)",
            ]
            process.standardError = FileHandle.nullDevice
            do { try process.run() } catch { return false }
            process.waitUntilExit()
            return process.terminationStatus == 0
        }
    }()
    /// Why tests of the twin are skipped.
    static let isMissing: Comment =
        "needs PyTorch: install Debian's python3-torch, or name a Python that has it in BREADCRUMB_TORCH_PYTHON"

    private static let programs = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "ops/torch")

    /// Where it reads and writes; removed with this value.
    let folder: URL

    init() throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "twin-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    /// Runs a program of ops/torch in the folder, and fails the test with its last words if it fails.
    func run(_ program: String, _ arguments: [String]) async throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: try #require(Self.python))
        process.arguments = ["-B", Self.programs.appending(path: program).path] + arguments
        process.currentDirectoryURL = folder
        var environment = ProcessInfo.processInfo.environment
        environment["OMP_NUM_THREADS"] = "1"
        process.environment = environment
        let words = folder.appending(path: "\(program).log")
        try Data().write(to: words)
        let log = try FileHandle(forWritingTo: words)
        (process.standardOutput, process.standardError) = (log, log)
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            process.terminationHandler = { _ in continuation.resume() }
            do { try process.run() } catch {
                process.terminationHandler = nil
                continuation.resume(throwing: error)
            }
        }
        let said = String(decoding: try Data(contentsOf: words).suffix(2000), as: UTF8.self)
        try #require(process.terminationStatus == 0, "\(program) failed: \(said)")
    }
}

/// A list of named tensors on its way to a safetensors file.
struct TensorList {
    private var tensors: [(name: String, shape: [Int], values: FloatBuffer)] = []

    mutating func add(_ name: String, _ values: [some BinaryInteger]) { add(name, values.map { Float($0) }) }

    mutating func add(_ name: String, _ values: [Float], shape: [Int]? = nil) {
        let buffer = FloatBuffer(count: values.count)
        for (index, value) in values.enumerated() { buffer.pointer[index] = value }
        tensors.append((name, shape ?? [values.count], buffer))
    }

    func write(to url: URL) throws {
        try Safetensors.encode(
            tensors.map {
                Safetensors.Source(
                    name: $0.name, shape: $0.shape,
                    values: UnsafeBufferPointer(start: $0.values.pointer, count: $0.values.count))
            }
        ).write(to: url)
    }
}

extension Safetensors.File {
    /// The values of a tensor of this shape.
    func values(_ name: String, _ shape: [Int]) throws -> [Float] {
        let buffer = FloatBuffer(count: shape.reduce(1, *))
        try read(name, shape: shape, into: buffer.pointer)
        return Array(buffer.values.prefix(shape.reduce(1, *)))
    }
}

/// |a - b| / |b| of two vectors, both zero: 0.
func relativeDistance(_ a: some Sequence<Float>, _ b: some Sequence<Float>) -> Double {
    var (difference, size) = (0.0, 0.0)
    for (x, y) in zip(a, b) {
        difference += Double(x - y) * Double(x - y)
        size += Double(y) * Double(y)
    }
    return difference == 0 ? 0 : (difference / size).squareRoot()
}
