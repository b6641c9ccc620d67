import CTomlplusplus
import Foundation

/// A parsed TOML file: its values with their places.
struct TOMLFile {
    let path: String
    let root: Node

    /// A value, table or array of the file.
    struct Node {
        var raw: RawValue
        /// Of a table, by name.
        var children: [String: Node] = [:]
        /// Where its key stands; in arrays and at the root, where the value stands.
        var keyPlace: Place
        var valuePlace: Place
    }

    struct Place: Comparable {
        let line: Int
        let column: Int

        static func < (left: Place, right: Place) -> Bool { (left.line, left.column) < (right.line, right.column) }
    }

    /// Reads a file in UTF-8; of a broken one the first mistake is reported.
    init(path: String) throws(Mistakes) {
        do {
            try self.init(path: path, bytes: Array(Data(contentsOf: URL(fileURLWithPath: path))))
        } catch let mistakes as Mistakes {
            throw mistakes
        } catch {
            let reason =
                (error as? CocoaError)?.code == .fileReadNoSuchFile ? "no such file" : error.localizedDescription
            throw Mistakes([Mistake("cannot be read (\(reason)); --config names the file", at: nil, about: path)])
        }
    }

    /// Parses the file's content.
    init(path: String, bytes: [UInt8]) throws(Mistakes) {
        let builder = Builder()
        let status = bytes.withUnsafeBytes { buffer in
            // The callbacks borrow the builder for the call.
            withExtendedLifetime(builder) {
                toml_visit(
                    buffer.baseAddress?.assumingMemoryBound(to: CChar.self), buffer.count,
                    Unmanaged.passUnretained(builder).toOpaque(), visit, fail)
            }
        }
        guard status == 0, let root = builder.root else {
            let place = builder.failure?.place ?? Place(line: 1, column: 1)
            let message = builder.failure?.message ?? "cannot be read as TOML"
            throw Mistakes([Mistake(message, at: .file(path: path, line: place.line, column: place.column))])
        }
        self.path = path
        self.root = root
    }

    /// The node at a path of names.
    func node(_ names: some Sequence<Substring>) -> Node? {
        var node = root
        for name in names {
            guard let child = node.children[String(name)] else { return nil }
            node = child
        }
        return node
    }

    func origin(_ place: Place) -> Origin { .file(path: path, line: place.line, column: place.column) }
}

/// Puts the visited nodes together. Used within one call of `toml_visit`.
private final class Builder {
    var root: TOMLFile.Node?
    var failure: (message: String, place: TOMLFile.Place)?
    private var open: [(name: String, node: TOMLFile.Node)] = []

    func begin(_ name: String, _ node: TOMLFile.Node) { open.append((name, node)) }

    func end() {
        if let (name, node) = open.popLast() { add(name, node) }
    }

    func add(_ name: String, _ node: TOMLFile.Node) {
        guard let parent = open.indices.last else {
            root = node
            return
        }
        if case .array(let elements) = open[parent].node.raw {
            open[parent].node.raw = .array(elements + [node.raw])
        } else {
            open[parent].node.children[name] = node
        }
    }
}

@Sendable private func visit(
    context: UnsafeMutableRawPointer?, kind: toml_kind, key: UnsafePointer<CChar>?, keyLength: Int,
    keyPlace: toml_place,
    text: UnsafePointer<CChar>?, textLength: Int, place: toml_place
) {
    guard let context else { return }
    let builder = Unmanaged<Builder>.fromOpaque(context).takeUnretainedValue()
    let text = string(text, textLength)
    let valuePlace = TOMLFile.Place(line: Int(place.line), column: Int(place.column))
    let name = key.map { string($0, keyLength) }
    func node(_ raw: RawValue) -> TOMLFile.Node {
        let keyPlace = name == nil ? valuePlace : TOMLFile.Place(line: Int(keyPlace.line), column: Int(keyPlace.column))
        return TOMLFile.Node(raw: raw, keyPlace: keyPlace, valuePlace: valuePlace)
    }
    switch kind {
    case .TOML_TABLE: builder.begin(name ?? "", node(.table))
    case .TOML_ARRAY: builder.begin(name ?? "", node(.array([])))
    case .TOML_END: builder.end()
    case .TOML_STRING: builder.add(name ?? "", node(.string(text)))
    case .TOML_INTEGER: builder.add(name ?? "", node(Int64(text).map { .integer($0) } ?? .string(text)))
    case .TOML_FLOAT: builder.add(name ?? "", node(Double(text).map { .number($0) } ?? .string(text)))
    case .TOML_BOOLEAN: builder.add(name ?? "", node(.boolean(text == "true")))
    case .TOML_DATE: builder.add(name ?? "", node(.date(text)))
    }
}

@Sendable private func fail(
    context: UnsafeMutableRawPointer?, message: UnsafePointer<CChar>?, length: Int, place: toml_place
) {
    guard let context else { return }
    let builder = Unmanaged<Builder>.fromOpaque(context).takeUnretainedValue()
    builder.failure = (string(message, length), TOMLFile.Place(line: Int(place.line), column: Int(place.column)))
}

private func string(_ start: UnsafePointer<CChar>?, _ length: Int) -> String {
    String(decoding: UnsafeRawBufferPointer(start: start, count: start == nil ? 0 : length), as: UTF8.self)
}
