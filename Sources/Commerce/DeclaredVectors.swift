import JSON

/// Reads the vector columns that a catalogue's JSON Schema declares: `properties.vectors.properties.NAME`, each with `minItems`
/// equal to `maxItems`.
enum DeclaredVectors {
    /// The columns, by name; none where the schema has no such part.
    static func read(_ schema: JSONValue?) throws(RecordFault) -> [VectorColumn] {
        guard let columns = schema?["properties"]?["vectors"]?["properties"] else { return [] }
        guard let fields = columns.object else {
            throw RecordFault(.wrongType, "\(place) must be an object, not \(describe(columns))")
        }
        var declared: [VectorColumn] = []
        for field in fields {
            let name = String(decoding: field.name, as: UTF8.self)
            guard let width = field.value["minItems"]?.int64, width == field.value["maxItems"]?.int64 else {
                throw RecordFault(
                    .invalidLength,
                    "\(place).\(name) must have minItems and maxItems, both the width of the column's vectors")
            }
            declared.append(VectorColumn(name: name, width: Int(width)))
        }
        if let fault = VectorColumn.fault(of: declared) { throw RecordFault(.invalidLength, "\(place): \(fault)") }
        return declared.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    }

    private static let place = "schema.properties.vectors.properties"
}

extension JSONValue {
    /// The member of an object, nil where there is none.
    fileprivate subscript(_ name: StaticString) -> JSONValue? {
        object?.first {
            $0.name.elementsEqual(UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount))
        }?
        .value
    }
}
