import Foundation
import LinearAlgebra

/// The safetensors file format (https://huggingface.co/docs/safetensors): eight bytes of header length, a JSON header of
/// names, types, shapes and byte ranges, then the numbers. Little-endian fp32 and 32-bit integers alone are written and read here.
package enum Safetensors {
    /// The largest header accepted, as in the reference implementation.
    static let maximumHeader = 100_000_000

    /// What a tensor's numbers are; each takes four bytes.
    enum Element: String {
        case float = "F32"
        case integer = "I32"
    }

    /// One tensor to write: `bytes` holds as many numbers as `shape` says.
    package struct Source {
        let name: String
        /// Length of each axis, outermost first.
        let shape: [Int]
        let element: Element
        let bytes: UnsafeRawBufferPointer

        /// Floats.
        package init(name: String, shape: [Int], values: UnsafeBufferPointer<Float>) {
            self.name = name
            self.shape = shape
            element = .float
            bytes = UnsafeRawBufferPointer(values)
        }

        /// Integers, as a vector.
        init(name: String, integers: UnsafeBufferPointer<Int32>) {
            self.name = name
            shape = [integers.count]
            element = .integer
            bytes = UnsafeRawBufferPointer(integers)
        }
    }

    struct Entry: Codable {
        var dtype: String
        var shape: [Int]
        /// First byte and the byte after the last, from the start of the numbers.
        var dataOffsets: [Int]

        private enum CodingKeys: String, CodingKey {
            case dtype, shape
            case dataOffsets = "data_offsets"
        }
    }

    /// The bytes of a file of these tensors, in the order given.
    package static func encode(_ tensors: [Source]) throws -> Data {
        var data = try header(of: tensors)
        data.reserveCapacity(data.count + tensors.reduce(0) { $0 + $1.bytes.count })
        for tensor in tensors { data.append(contentsOf: tensor.bytes) }
        return data
    }

    /// Writes a file of these tensors without a copy of them in memory; when this returns, they are on the disk.
    static func write(_ tensors: [Source], metadata: [String: String], to url: URL) throws {
        try header(of: tensors, metadata: metadata).write(to: url)
        let file = try FileHandle(forWritingTo: url)
        defer { try? file.close() }
        try file.seekToEnd()
        for tensor in tensors {
            guard let base = tensor.bytes.baseAddress, !tensor.bytes.isEmpty else { continue }
            let address = UnsafeMutableRawPointer(mutating: base)
            try file.write(contentsOf: Data(bytesNoCopy: address, count: tensor.bytes.count, deallocator: .none))
        }
        try file.synchronize()
    }

    /// All that comes before the numbers.
    private static func header(of tensors: [Source], metadata: [String: String] = [:]) throws -> Data {
        var entries: [String: HeaderValue] = metadata.isEmpty ? [:] : [HeaderValue.metadataName: .metadata(metadata)]
        var offset = 0
        for tensor in tensors {
            let end = offset + tensor.bytes.count
            entries[tensor.name] = .tensor(
                Entry(dtype: tensor.element.rawValue, shape: tensor.shape, dataOffsets: [offset, end]))
            offset = end
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        var header = try encoder.encode(entries)
        header.append(contentsOf: repeatElement(0x20, count: (8 - header.count % 8) % 8))
        return withUnsafeBytes(of: UInt64(header.count).littleEndian) { Data($0) } + header
    }

    /// A file's tensors by name; the ranges are checked against the file and one another before this exists.
    package struct File {
        let file: String
        let data: Data
        let entries: [String: Entry]
        /// What the file says of itself, free in form.
        let metadata: [String: String]
        let dataStart: Int

        /// Opens the bytes of a file called `file` in messages.
        package init(_ data: Data, file: String) throws(CheckpointError) {
            func malformed(_ reason: String, tensor: String? = nil) -> CheckpointError {
                CheckpointError(.malformed, file: file, tensor: tensor, reason)
            }
            guard data.count >= 8 else { throw malformed("\(data.count) bytes are too few for a safetensors file") }
            let length = data.withUnsafeBytes { UInt64(littleEndian: $0.loadUnaligned(as: UInt64.self)) }
            guard length <= Safetensors.maximumHeader, Int(length) <= data.count - 8 else {
                throw malformed(
                    "the header claims \(length) bytes but the file holds \(data.count - 8) after its length; is it truncated?"
                )
            }
            let start = 8 + Int(length)
            let header = data.subdata(in: data.startIndex + 8..<data.startIndex + start)
            let entries: [String: HeaderValue]
            do { entries = try JSONDecoder().decode([String: HeaderValue].self, from: header) } catch {
                throw malformed("the header is not a JSON object of tensors")
            }
            var tensors: [String: Entry] = [:]
            var metadata: [String: String] = [:]
            for (name, value) in entries {
                switch value {
                case .tensor(let entry): tensors[name] = entry
                case .metadata(let texts): metadata = texts
                }
            }
            self.metadata = metadata
            self.file = file
            self.data = data
            self.entries = tensors
            dataStart = start
            try checkRanges()
        }

        /// Every range must fit its shape, and the ranges must tile the data without gap or overlap.
        private func checkRanges() throws(CheckpointError) {
            var end = 0
            let size = data.count - dataStart
            let ordered = entries.sorted {
                $0.value.dataOffsets == $1.value.dataOffsets
                    ? $0.key < $1.key : $0.value.dataOffsets.lexicographicallyPrecedes($1.value.dataOffsets)
            }
            for (name, entry) in ordered {
                func fail(_ reason: String) -> CheckpointError {
                    CheckpointError(.malformed, file: file, tensor: name, reason)
                }
                guard Element(rawValue: entry.dtype) != nil else {
                    throw fail("type is \(entry.dtype), expected F32 or I32")
                }
                guard entry.dataOffsets.count == 2 else { throw fail("data_offsets must hold two numbers") }
                let (from, to) = (entry.dataOffsets[0], entry.dataOffsets[1])
                guard from == end else {
                    throw fail("data starts at byte \(from), expected \(end): tensors overlap or leave a gap")
                }
                guard to >= from, to <= size else {
                    throw fail("data ends at byte \(to) of \(size): the file is truncated")
                }
                var bytes = 4
                for extent in entry.shape {
                    let (product, overflow) = bytes.multipliedReportingOverflow(by: extent)
                    guard extent >= 0, !overflow else { throw fail("shape \(entry.shape) is impossible") }
                    bytes = product
                }
                guard bytes == to - from else {
                    throw fail("shape \(entry.shape) needs \(bytes) bytes, found \(to - from)")
                }
                end = to
            }
            guard end == size else {
                throw CheckpointError(
                    .malformed, file: file, "\(size - end) bytes after the last tensor belong to none")
            }
        }

        /// The tensor's entry, if it is there and has this shape and these numbers.
        @discardableResult
        func check(_ name: String, shape: [Int], _ element: Element = .float) throws(CheckpointError) -> Entry {
            guard let entry = entries[name] else {
                throw CheckpointError(.wrongTensor, file: file, tensor: name, "missing, expected shape \(shape)")
            }
            guard entry.shape == shape else {
                throw CheckpointError(
                    .wrongTensor, file: file, tensor: name, "expected shape \(shape), found \(entry.shape)")
            }
            guard entry.dtype == element.rawValue else {
                throw CheckpointError(
                    .wrongTensor, file: file, tensor: name, "expected \(element.rawValue), found \(entry.dtype)")
            }
            return entry
        }

        /// The length of a vector, or nil if there is no such tensor.
        func length(_ name: String) -> Int? { entries[name]?.shape.first }

        /// The integers of a vector.
        func integers(_ name: String, count: Int) throws(CheckpointError) -> [Int32] {
            let entry = try check(name, shape: [count], .integer)
            let from = data.startIndex + dataStart + entry.dataOffsets[0]
            return [Int32](unsafeUninitializedCapacity: count) { target, filled in
                data.copyBytes(to: UnsafeMutableRawBufferPointer(target), from: from..<from + 4 * count)
                filled = count
            }
        }

        /// The floats of a vector.
        func floats(_ name: String, count: Int) throws(CheckpointError) -> [Float] {
            let buffer = FloatBuffer(count: count)
            try read(name, shape: [count], into: buffer.pointer)
            return Array(buffer.values)
        }

        /// Copies the tensor into `destination`, which holds as many floats as `shape` says.
        package func read(_ name: String, shape: [Int], into destination: UnsafeMutablePointer<Float>)
            throws(CheckpointError)
        {
            let entry = try check(name, shape: shape)
            let from = data.startIndex + dataStart + entry.dataOffsets[0]
            let to = data.startIndex + dataStart + entry.dataOffsets[1]
            let count = (to - from) / 4
            let target = UnsafeMutableRawBufferPointer(start: destination, count: to - from)
            data.copyBytes(to: target, from: from..<to)
            for index in 0..<count where !destination[index].isFinite {
                throw CheckpointError(.notFinite, file: file, tensor: name, "value \(index) is \(destination[index])")
            }
        }
    }

    /// A header maps names to tensors, but for the free-form `__metadata__`.
    enum HeaderValue: Codable {
        case tensor(Entry)
        case metadata([String: String])

        static let metadataName = "__metadata__"

        init(from decoder: any Decoder) throws {
            if decoder.codingPath.last?.stringValue == Self.metadataName {
                self = .metadata((try? [String: String](from: decoder)) ?? [:])
            } else {
                self = .tensor(try Entry(from: decoder))
            }
        }

        func encode(to encoder: any Encoder) throws {
            switch self {
            case .tensor(let entry): try entry.encode(to: encoder)
            case .metadata(let texts): try texts.encode(to: encoder)
            }
        }
    }
}
